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
    (
        "bpmn-js",
        "dist/bpmn-modeler.production.min.js",
        VENDOR / "bpmn-modeler.production.min.js",
    ),
    ("bpmn-js", "dist/assets/diagram-js.css", VENDOR / "diagram-js.css"),
    ("bpmn-js", "dist/assets/bpmn-js.css", VENDOR / "bpmn-js.css"),
    ("bpmn-js", "dist/assets/bpmn-font/css/bpmn.css", VENDOR / "bpmn-font.css"),
    ("bpmn-js", "dist/assets/bpmn-font/font/bpmn.woff2", VENDOR / "bpmn.woff2"),
    ("dmn-js", "dist/dmn-modeler.production.min.js", VENDOR / "dmn-modeler.production.min.js"),
    ("dmn-js", "dist/assets/diagram-js.css", VENDOR / "dmn-diagram-js.css"),
    *(
        ("dmn-js", f"dist/assets/dmn-js-{name}.css", VENDOR / f"dmn-js-{name}.css")
        for name in (
            "shared",
            "drd",
            "decision-table",
            "decision-table-controls",
            "literal-expression",
            "boxed-expression",
            "boxed-expression-controls",
        )
    ),
    ("dmn-js", "dist/assets/dmn-font/css/dmn.css", VENDOR / "dmn-font.css"),
    ("dmn-js", "dist/assets/dmn-font/font/dmn.woff2", VENDOR / "dmn.woff2"),
    ("axe-core", "axe.min.js", ROOT / "tests/e2e/vendor/axe.min.js"),
]
LICENCES = {
    "htmx.org": "LICENSE",
    "echarts": "LICENSE",
    "axe-core": "LICENSE",
    "bpmn-js": "LICENSE",
    "dmn-js": "LICENSE",
    "@tabler/icons": "LICENSE",
}
FONT = re.compile(r"src: url\('\.\./font/\w+\.eot\S+\n\s+src: url\('\.\./font/(\w+)\.eot[^;]+;")
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
        raw = (MODULES / package / source).read_bytes()
        if target.suffix in (".js", ".css"):
            text = re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", raw.decode("utf-8"))
            raw = FONT.sub(r"src: url('\1.woff2') format('woff2');", text).encode("utf-8")
        target.write_bytes(raw)
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
