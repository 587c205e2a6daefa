"""Writes a CycloneDX bill of materials of what runs. `make sbom` runs it.

No serial number and no time of writing: the same locks give the same file, so that two can be compared.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from scripts.components import Component, libraries, vendored


def main() -> None:
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    print(f"{target}: {len(bill()['components'])} components")


def bill() -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "matazu", "bom-ref": "matazu"}},
        "components": [entry(component) for component in [*libraries(), *vendored()]],
    }


def entry(component: Component) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": component.package_url,
        "name": component.name,
        "version": component.version,
        "purl": component.package_url,
        "licenses": [{"license": {"name": component.licence}}],
    }


if __name__ == "__main__":
    main()
