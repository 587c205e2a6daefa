"""Paper and record agree, and nothing is claimed that the device did not confirm."""

import contextlib
import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import ImageChops

from queue_app.adapters.printer import DummyPrinter, printer_from
from queue_app.adapters.printer_url import read_printer_url
from queue_app.adapters.slip_fonts import Fonts
from queue_app.adapters.slip_image import PAPERS, SlipArtist
from queue_app.adapters.slip_ink import code, wrapped
from queue_app.domain.printing import PrintEnd, PrinterState, PrintJob
from queue_app.domain.slip import Line, Role, Slip, SlipFacts, Stop, offline_slip, reprint, slip
from tests.adapters.printer_double import COVER_OPEN, PAPER_LOW, PAPER_OUT, PrinterDouble, papers_in

DOTS_15_MM = 120

FACTS = SlipFacts(
    office="あおば市役所 市民課",
    number="A023",
    service="住民票・証明書",
    area="1階 3〜5番窓口",
    issued_at=datetime(2026, 4, 1, 10, 23, tzinfo=ZoneInfo("Asia/Tokyo")),
    waiting=6,
    wait_min=(20, 30),
    status_url="https://queue.example/t/q8Jd02lkPzTtYw1m5bXv9A",
)


def job(number, **more):
    facts = replace(FACTS, number=number, status_url=f"https://queue.example/t/token-of-{number}", **more)
    return PrintJob(f"job-{number}", slip(facts))


def short_job(number):
    """Number, category and code: what must never be mixed up."""
    lines = (Line(Role.SERVICE, f"業務{number}"), Line(Role.NUMBER, number), Line(Role.QR, number))
    return PrintJob(f"job-{number}", Slip(number, lines, f"https://queue.example/t/token-of-{number}"))


def quick(url):
    return printer_from(url + "?timeout_s=1")


def same(one, other):
    return one.size == other.size and ImageChops.difference(one.convert("L"), other.convert("L")).getbbox() is None


# What the paper looks like


@pytest.mark.parametrize("mm", [58, 80])
@pytest.mark.parametrize("number", ["1", "205", "A023", "A1000", "AB1234"])
def test_the_number_is_fifteen_millimetres_high_on_every_paper(mm, number):
    image = SlipArtist(PAPERS[mm]).draw(slip(replace(FACTS, number=number))).image
    left, top, right, bottom = number_box(image)
    assert bottom - top >= DOTS_15_MM
    assert left > 0
    assert right < image.width


@pytest.mark.parametrize(("mm", "dots"), [(58, 384), (80, 576)])
def test_the_paper_is_as_wide_as_the_print_head(mm, dots):
    drawing = SlipArtist(PAPERS[mm]).draw(slip(FACTS))
    assert drawing.image.width == dots
    assert drawing.missing_glyphs == 0


@pytest.mark.parametrize("mm", [58, 80])
def test_the_code_stands_on_the_paper_dot_for_dot(mm):
    paper = PAPERS[mm]
    wanted = code(FACTS.status_url, paper.qr_module).convert("1")
    assert contains(SlipArtist(paper).draw(slip(FACTS)).image, wanted)
    other = code("https://queue.example/t/another-ticket-0000000", paper.qr_module).convert("1")
    assert not contains(SlipArtist(paper).draw(slip(FACTS)).image, other)


def test_rare_characters_of_names_are_drawn_and_not_dropped():
    drawing = SlipArtist(PAPERS[80]).draw(slip(replace(FACTS, office="髙﨑𠮷野市役所")))
    assert drawing.missing_glyphs == 0
    common = SlipArtist(PAPERS[80]).draw(slip(replace(FACTS, office="高崎吉野市役所")))
    assert not same(drawing.image, common.image)


def test_the_form_of_a_character_that_a_selector_asks_for_is_drawn():
    plain, asked = (
        SlipArtist(PAPERS[80]).draw(slip(replace(FACTS, office=f"葛{mark}飾市"))) for mark in ("", "\U000e0100")
    )
    assert asked.missing_glyphs == 0
    assert asked.image.size == plain.image.size, "the selector takes no room of its own"
    assert not same(asked.image, plain.image)


def test_a_character_no_font_knows_is_printed_as_a_visible_mark_and_counted():
    drawing = SlipArtist(PAPERS[80]).draw(slip(replace(FACTS, office="あおば\U000f1234市")))
    assert drawing.missing_glyphs == 1
    assert same(drawing.image, SlipArtist(PAPERS[80]).draw(slip(replace(FACTS, office="あおば〓市"))).image)


def test_a_font_of_the_citys_choice_is_helped_out_by_the_others():
    latin_only = next(Path("/usr/share/fonts").rglob("DejaVuSans-Bold.ttf"))
    assert Fonts("Bold", latin_only).missing("市役所", "ja") == 0


def test_a_second_language_without_a_font_is_printed_in_english():
    artist = SlipArtist(PAPERS[80])
    unknown = slip(FACTS)
    strange = replace(
        unknown,
        lines=tuple(replace(line, text="\U000f1234") if line.instead else line for line in unknown.lines),
    )
    drawing = artist.draw(strange)
    assert drawing.missing_glyphs == 0
    assert same(drawing.image, artist.draw(unknown).image)


def test_a_reprint_and_an_offline_slip_do_not_look_like_the_first_paper():
    artist = SlipArtist(PAPERS[58])
    papers = [artist.draw(each).image for each in (slip(FACTS), reprint(slip(FACTS)), offline_slip(FACTS))]
    assert not any(same(papers[one], papers[two]) for one, two in ((0, 1), (0, 2), (1, 2)))


def test_a_ticked_box_differs_from_an_open_one():
    artist = SlipArtist(PAPERS[58])
    done, left = (
        artist.draw(slip(replace(FACTS, stops=(Stop("3番窓口", "転入届", done=each),)))) for each in (True, False)
    )
    assert done.image.size == left.image.size
    assert not same(done.image, left.image)


def test_lines_break_without_losing_a_sign_or_beginning_with_a_full_stop():
    text = "番号が過ぎたときは、窓口の職員にお声がけください。Please wait until your number is called."
    for limit in range(4, 40):
        rows = wrapped(text, len, limit)
        assert "".join(rows).replace(" ", "") == text.replace(" ", "")
        assert all(len(row) <= limit and row[0] not in "、。" for row in rows)


# What is sent, and what is said about it


def test_a_confirmed_paper_is_printed_and_is_this_jobs_paper():
    with PrinterDouble() as double:
        result = printer_from(double.url).print_slip(job("A023"))
    assert (result.job_id, result.end, result.state) == ("job-A023", PrintEnd.PRINTED, PrinterState.OK)
    assert same(double.papers[0], expected("A023"))


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        (PAPER_OUT, PrinterState.PAPER_OUT),
        (COVER_OPEN, PrinterState.ERROR),
        (PAPER_LOW, PrinterState.PAPER_LOW),
        (None, PrinterState.UNKNOWN),
    ],
)
def test_the_device_says_how_it_is(answers, state):
    with PrinterDouble(answers=answers) as double:
        assert quick(double.url).state() is state


@pytest.mark.parametrize("answers", [PAPER_OUT, COVER_OPEN])
def test_nothing_is_sent_to_a_printer_that_cannot_print(answers):
    with PrinterDouble(answers=answers) as double:
        assert quick(double.url).print_slip(job("A023")).end is PrintEnd.FAILED
    assert double.jobs == 0


def test_a_printer_that_is_not_there_has_surely_not_printed():
    with PrinterDouble() as double:
        url = double.url
    assert quick(url).print_slip(job("A023")).end is PrintEnd.FAILED
    assert quick(url).state() is PrinterState.ERROR


def test_a_server_with_more_than_a_thousand_open_sockets_still_prints():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    with contextlib.ExitStack() as others, PrinterDouble() as double:
        others.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            others.enter_context(Path(os.devnull).open("rb"))
        assert quick(double.url).print_slip(job("A023")).end is PrintEnd.PRINTED


def test_a_printer_that_dies_in_mid_job_leaves_the_job_unsure():
    with PrinterDouble(dies_after={0: 5000}) as double:
        assert quick(double.url).print_slip(job("A023")).end is PrintEnd.UNSURE
    assert double.papers == []


def test_a_time_out_is_unsure_even_though_the_paper_came_out():
    with PrinterDouble(answers=None) as double:
        assert quick(double.url).print_slip(job("A023")).end is PrintEnd.UNSURE
    assert len(double.papers) == 1


def test_a_late_answer_to_one_job_never_confirms_the_next():
    """Whether the line that died took our question along decides if one answer more is waited for: unsure then."""
    with PrinterDouble(withholds=1, dies_after={1: 5000}) as double:
        printer = quick(double.url)
        ends = [printer.print_slip(job(number)).end for number in ("A023", "A024", "A025", "A026")]
    assert ends[:2] == [PrintEnd.UNSURE] * 2
    assert ends[2] in (PrintEnd.PRINTED, PrintEnd.UNSURE)
    assert ends[3] is PrintEnd.PRINTED
    assert len(double.papers) == 3, "all but the one whose line died"


def test_a_mute_printer_counts_as_printed_when_the_city_says_that_it_cannot_answer():
    with PrinterDouble(answers=None) as double:
        assert printer_from(double.url + "?status=off").print_slip(job("A023")).end is PrintEnd.PRINTED


def test_a_job_that_never_got_its_turn_has_surely_not_printed():
    with PrinterDouble() as double:
        printer = quick(double.url)
        with printer._turn:  # another job is at it
            assert printer.print_slip(job("A024")).end is PrintEnd.FAILED
    assert double.jobs == 0


def test_a_device_file_gets_the_whole_paper(tmp_path):
    device = tmp_path / "lp0"
    device.touch()
    assert printer_from(f"file:{device}").print_slip(job("A023")).end is PrintEnd.PRINTED
    assert same(papers_in(device.read_bytes())[0], expected("A023"))


def test_a_device_file_that_is_missing_has_surely_not_printed(tmp_path):
    assert printer_from(f"file:{tmp_path / 'lp9'}").print_slip(job("A023")).end is PrintEnd.FAILED


def test_the_browsers_printer_sends_nothing_and_says_so():
    result = printer_from("browser:").print_slip(job("A023"))
    assert (result.end, result.state) == (PrintEnd.PAGE, PrinterState.UNKNOWN)


def test_two_hundred_jobs_on_three_bad_printers_give_no_paper_that_disagrees_with_its_record():
    """G12: dying, mute and late printers, jobs finishing in any order."""
    numbers = [f"A{number:03}" for number in range(200)]
    bad = {place: 200 + 700 * place for place in range(5, 60, 7)}
    doubles = (PrinterDouble(dies_after=bad), PrinterDouble(withholds=5), PrinterDouble(answers=None))
    with doubles[0] as dying, doubles[1] as late, doubles[2] as mute, ThreadPoolExecutor(12) as pool:
        printers = [printer_from(each.url + "?timeout_s=0.5&paper=58") for each in (dying, late)]
        printers.append(printer_from(mute.url + "?timeout_s=1&paper=58&status=off"))
        tasks = {number: pool.submit(printers[int(number[1:]) % 3].print_slip, short_job(number)) for number in numbers}
        results = {number: task.result(timeout=120) for number, task in tasks.items()}
    artist = SlipArtist(PAPERS[58])
    by_picture = {artist.draw(short_job(number).slip).image.tobytes(): number for number in numbers}
    printed = [by_picture[paper.tobytes()] for double in doubles for paper in double.papers]
    assert all(results[number].job_id == f"job-{number}" for number in numbers)
    assert len(by_picture) == 200
    assert len(printed) == len(set(printed))
    assert {number for number in numbers if results[number].end is PrintEnd.PRINTED} <= set(printed)
    assert {number for number in numbers if results[number].end is PrintEnd.FAILED}.isdisjoint(printed)
    assert {result.end for result in results.values()} >= {PrintEnd.PRINTED, PrintEnd.UNSURE}


class SharedCurrentJob(DummyPrinter):
    """The broken twin: keeps "the current job" where the next request overwrites it."""

    meeting = threading.Barrier(2, timeout=10)

    def print_slip(self, job):
        self.current = job
        self.meeting.wait()
        return super().print_slip(PrintJob(job.id, self.current.slip))


def test_the_comparison_finds_a_printer_that_mixes_two_jobs_up():
    assert mixed_up(SharedCurrentJob(SlipArtist(PAPERS[58])))
    assert not mixed_up(DummyPrinter(SlipArtist(PAPERS[58])))


def test_the_dummy_keeps_each_jobs_paper():
    printer = printer_from("dummy:")
    assert isinstance(printer, DummyPrinter)
    for number in ("A023", "A024"):
        printer.print_slip(job(number))
    assert same(papers_in(printer.papers["job-A024"])[0], expected("A024"))


# PRINTER_URL


@pytest.mark.parametrize(
    "url",
    ["", "usb:", "tcp://", "tcp://host:99999", "file:lp0", "dummy:?paper=57", "dummy:?timeout_s=0", "dummy:?what=1"],
)
def test_a_wrong_address_is_refused_with_right_examples(url):
    with pytest.raises(ValueError, match=r"tcp://192\.0\.2\.10:9100"):
        read_printer_url(url)


def test_options_set_paper_and_patience():
    address = read_printer_url("tcp://192.0.2.10?paper=58&timeout_s=2.5&status=off")
    assert (address.port, address.paper_mm, address.timeout_s, address.answers) == (9100, 58, 2.5, False)


def test_a_device_file_is_not_asked_unless_told_so():
    assert not read_printer_url("file:/dev/usb/lp0").answers
    assert read_printer_url("file:/dev/usb/lp0?status=on").answers


def mixed_up(printer):
    """The jobs of two kiosks printing at once whose paper is not theirs."""
    jobs = [short_job("A023"), short_job("A024")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(printer.print_slip, jobs))
    artist = SlipArtist(PAPERS[58])
    return [each.id for each in jobs if not same(papers_in(printer.papers[each.id])[0], artist.draw(each.slip).image)]


def expected(number):
    return SlipArtist(PAPERS[80]).draw(job(number).slip).image


def number_box(image):
    """Where the ink of the number is: all that stands between the two full bars."""
    black = [y for y in range(image.height) if not image.crop((0, y, image.width, y + 1)).getbbox()]
    top, bottom = next((one + 1, two) for one, two in pairwise(black) if two > one + 1)
    left, upper, right, lower = ImageChops.invert(image.convert("L").crop((0, top, image.width, bottom))).getbbox()
    return left, top + upper, right, top + lower


def contains(image, part):
    """Whether the part stands somewhere in the image, dot for dot."""
    big, small = image.convert("L"), part.convert("L")
    ink_top = next(y for y in range(small.height) if small.crop((0, y, small.width, y + 1)).getextrema()[0] == 0)
    row = small.crop((0, ink_top, small.width, ink_top + 1)).tobytes()
    for y in range(big.height - small.height):
        x = big.crop((0, y + ink_top, big.width, y + ink_top + 1)).tobytes().find(row)
        if x >= 0 and big.crop((x, y, x + small.width, y + small.height)).tobytes() == small.tobytes():
            return True
    return False
