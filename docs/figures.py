"""Make docs/figures/*.png: the pictures of the notebooks, as they are drawn from the stored tables.

Usage: python docs/figures.py    runs every notebook of a figure, about a minute
"""

import base64
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"


def pictures(path: Path) -> list[bytes]:
    """The pictures of a notebook, run in its folder."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [base64.b64decode(data) for output in outputs if (data := output.get("data", {}).get("image/png"))]


def main() -> None:
    """All figures."""
    (HERE / "figures").mkdir(exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("fig*.ipynb")):
        (picture,) = pictures(path)
        (HERE / "figures" / f"{path.stem}.png").write_bytes(picture)
        print(path.stem)


if __name__ == "__main__":
    main()
