"""What the screens over the counters play and show beside numbers: recordings, spoken phrases, pictures of the office.

Files under the instance folder, named by what is in them, so that a browser may keep them for ever and no name that
somebody brought is ever used. Decides names and how a picture is kept: drawn anew, without what a camera wrote into it.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from queue_app.adapters.speech import Speech, write_whole
from queue_app.domain.errors import Invalid

LARGEST_PICTURE = 8_000_000
MOST_PIXELS = 40_000_000
SIDE = 1600
"""Pixels: what a third of a 4K screen can show."""

_RECORDING = re.compile(r"([A-Za-z-]+)\.([a-z]+)\.([A-Za-z0-9_-]+)\.[0-9a-f]{16}\.(wav|ogg|mp3)", re.ASCII)
_PICTURE = re.compile(r"[0-9a-f]{32}\.jpg", re.ASCII)
_SPOKEN = re.compile(r"[0-9a-f]{32}\.wav", re.ASCII)
_FORMS = {"recorded": _RECORDING, "spoken": _SPOKEN, "picture": _PICTURE}


class Media:
    """The files of all offices of one installation."""

    def __init__(self, instance: Path, speech: Speech) -> None:
        self._instance, self.speech = instance, speech
        self.wishes: deque[str] = deque(maxlen=200)

    def file(self, office: str, kind: str, name: str) -> Path | None:
        """The file behind an address, or None. `kind` is recorded, spoken or picture."""
        form = _FORMS.get(kind)
        if form is None or not form.fullmatch(name):
            return None
        path = self._folder(office, kind) / name
        return path if path.is_file() else None

    # --- what is spoken ---

    def speaks(self) -> bool:
        return self.speech.available()

    def spoken(self, phrase: str) -> str | None:
        """The file of a phrase. One that is missing is wished for and will be there in a moment, if it can be made."""
        name = self.speech.known(phrase)
        if name is None and self.speech.available() and phrase not in self.wishes:
            self.wishes.append(phrase)
        return name

    # --- what people have recorded ---

    def recorded(self, office: str) -> Mapping[str, str]:
        """Clip id -> file name, of all languages."""
        folder = self._folder(office, "recorded")
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        return {"/".join(found.group(1, 2, 3)): name for name in names if (found := _RECORDING.fullmatch(name))}

    def keep_recording(self, office: str, clip: str, *, kind: str, content: bytes) -> str:
        """Instead of an earlier one of the same clip. `clip` is one of `sound_parts.clips_to_record`."""
        name = f"{clip.replace('/', '.')}.{sha256(content).hexdigest()[:16]}.{kind}"
        if not _RECORDING.fullmatch(name):
            raise Invalid.field("files", "unknown_clip")
        earlier = self.recorded(office).get(clip)
        write_whole(self._folder(office, "recorded") / name, content)
        if earlier is not None and earlier != name:
            (self._folder(office, "recorded") / earlier).unlink(missing_ok=True)
        return name

    def drop_recording(self, office: str, clip: str) -> None:
        name = self.recorded(office).get(clip)
        if name is not None:
            (self._folder(office, "recorded") / name).unlink(missing_ok=True)

    # --- pictures of the city-information pane ---

    def keep_picture(self, office: str, content: bytes) -> str:
        """The picture drawn anew as JPEG, upright, without its metadata; its name. Refuses by field `picture`."""
        if len(content) > LARGEST_PICTURE:
            raise Invalid.field("picture", "picture_too_large", longest=LARGEST_PICTURE // 1_000_000)
        drawn = _drawn_anew(content)
        name = sha256(drawn).hexdigest()[:32] + ".jpg"
        write_whole(self._folder(office, "picture") / name, drawn)
        return name

    def _folder(self, office: str, kind: str) -> Path:
        return self.speech.folder if kind == "spoken" else self._instance / "media" / office / kind


def _drawn_anew(content: bytes) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError  # only whoever brings a picture waits for it

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF")) as given:
            if given.width * given.height > MOST_PIXELS:
                raise Invalid.field("picture", "picture_too_large", longest=LARGEST_PICTURE // 1_000_000)
            given.load()
            upright = ImageOps.exif_transpose(given).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid.field("picture", "not_a_picture") from None
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright.getchannel("A"))
    plain.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    plain.save(file, "JPEG", quality=85, optimize=True)
    return file.getvalue()
