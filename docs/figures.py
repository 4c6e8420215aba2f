"""Make docs/figures/*.png and docs/ladder/*.png: the pictures of the notebooks, drawn from the stored tables.

Usage: python docs/figures.py [NOTEBOOK …]    runs these, such as fig09 or ladder, or all; about two minutes
Tables of `runs/`, which the notebooks prefer, are left aside.
"""

import base64
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"
LADDER = ("edf", "differences", "fig02", "fig05", "fig06", "fig07", "fig08", "fig09", "depth")  # in their order there


def pictures(path: Path) -> list[bytes]:
    """The pictures of a notebook, run in its folder."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r'"\.\./runs/[^"]*", ', "", cell.source)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [base64.b64decode(data) for output in outputs if (data := output.get("data", {}).get("image/png"))]


def main(wanted: list[str]) -> None:
    """The figures of these notebooks, or of all."""
    paths = sorted([*NOTEBOOKS.glob("fig*.ipynb"), *NOTEBOOKS.glob("ladder.ipynb")])
    if unknown := set(wanted) - {path.stem for path in paths}:
        sys.exit(f"no notebook {', '.join(sorted(unknown))}; there are: {', '.join(path.stem for path in paths)}")
    for path in paths:
        if wanted and path.stem not in wanted:
            continue
        ladder = path.stem == "ladder"
        folder, names = (HERE / "ladder", LADDER) if ladder else (HERE / "figures", (path.stem,))
        folder.mkdir(exist_ok=True)
        for name, picture in list(zip(names, pictures(path), strict=True)):
            (folder / f"{name}.png").write_bytes(picture)
        print(path.stem)


if __name__ == "__main__":
    main(sys.argv[1:])
