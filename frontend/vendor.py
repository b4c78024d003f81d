"""Copies what the browser needs from node_modules into the package, with digests and licences.

Run after `npm ci --ignore-scripts` in this folder. The copies are committed, so that nothing
but Python is needed to run the product.
"""

import hashlib
import json
import re
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULES = HERE / "node_modules"
VENDOR = ROOT / "qianshou/design/static/vendor"
COPIES = [
    ("htmx.org", "dist/htmx.min.js", VENDOR / "htmx.min.js"),
    ("echarts", "dist/echarts.common.min.js", VENDOR / "echarts.common.min.js"),
    (
        "bpmn-js",
        "dist/bpmn-navigated-viewer.production.min.js",
        VENDOR / "bpmn-navigated-viewer.production.min.js",
    ),
    ("bpmn-js", "dist/assets/diagram-js.css", VENDOR / "diagram-js.css"),
    ("axe-core", "axe.min.js", ROOT / "tests/e2e/vendor/axe.min.js"),
]
LICENCES = {
    "htmx.org": "LICENSE",
    "echarts": "LICENSE",
    "axe-core": "LICENSE",
    "bpmn-js": "LICENSE",
    "@tabler/icons": "LICENSE",
}
NAMED = re.compile(
    r"""icon\(\s*["']([a-z0-9-]+)["']|(?:icon\s*[=:]\s*|ICON: )["']([a-z0-9-]+)["']"""
)


def used_icons() -> list[str]:
    """Return the names of icons that templates, packs and code mention, and those listed."""
    names = set((HERE / "icons.txt").read_text().split())
    for pattern in ("**/*.html", "**/*.py", "**/pack.toml"):
        for path in (ROOT / "qianshou").glob(pattern):
            for match in NAMED.finditer(path.read_text(encoding="utf-8")):
                names.add(match[1] or match[2])
    known = MODULES / "@tabler/icons/icons/outline"
    return sorted(name for name in names if (known / f"{name}.svg").exists())


def sprite(names: list[str]) -> str:
    """Return one SVG whose symbols are the named outline icons."""
    symbols = []
    for name in names:
        text = (MODULES / f"@tabler/icons/icons/outline/{name}.svg").read_text()
        inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", text, flags=re.DOTALL)
        inner = re.sub(r"\s+", " ", inner).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    body = "\n".join(symbols)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'


def version(package: str) -> str:
    """Return the installed version of a package."""
    told: dict[str, str] = json.loads((MODULES / package / "package.json").read_text())
    return told["version"]


def main() -> None:
    """Copy, and write MANIFEST.json."""
    (VENDOR / "LICENCES").mkdir(parents=True, exist_ok=True)
    written: list[tuple[str, Path]] = []
    for package, source, target in COPIES:
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (MODULES / package / source).read_text(encoding="utf-8")
        text = re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", text)
        target.write_text(text, encoding="utf-8")
        written.append((package, target))
    icons = VENDOR / "icons.svg"
    icons.write_text(sprite(used_icons()), encoding="utf-8")
    written.append(("@tabler/icons", icons))
    for package, name in LICENCES.items():
        target = VENDOR / "LICENCES" / f"{package.replace('/', '-').lstrip('@')}.txt"
        shutil.copyfile(MODULES / package / name, target)
    manifest = [
        {
            "file": str(path.relative_to(ROOT)),
            "package": package,
            "version": version(package),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for package, path in written
    ]
    (VENDOR / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
