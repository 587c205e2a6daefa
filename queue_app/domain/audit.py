"""What the audit trail records besides the events of the history: who came in, who looked somebody up."""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """Acts without an event of their own. The other actions of the trail are named as in `domain.events`."""

    CHAIN_BEGUN = "chain_begun"
    LOGGED_IN = "logged_in"
    LOGIN_FAILED = "login_failed"
    LOGGED_OUT = "logged_out"
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    SESSIONS_ENDED = "sessions_ended"
    PERSON_ADDED = "person_added"
    PASSPHRASE_CHANGED = "passphrase_changed"  # noqa: S105 - no secret
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - no secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - no secret
    PAIRING_OFFERED = "pairing_offered"
    DEVICE_PAIRED = "device_paired"
    DEVICE_SET_UP = "device_set_up"
    NUMBERS_LEASED = "numbers_leased"
    OFFICE_LOADED = "office_loaded"
    LOOKED_UP = "looked_up"
    SHIELDED = "shielded"
    UNSHIELDED = "unshielded"
    DISCLOSED = "disclosed"
    ERASED = "erased"
    FORGOTTEN = "forgotten"
    KEYS_ROTATED = "keys_rotated"
    BACKED_UP = "backed_up"
    RESTORED = "restored"


class Tampering(StrEnum):
    """What `audit verify` finds to have been done to the trail."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled back"
    CHECKPOINT = "checkpoint file changed"
