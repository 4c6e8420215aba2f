"""Draw docs/complexity.png and print the table of times of docs/complexity.md, from results/time/.

Usage: python docs/complexity.py
"""

import json
from pathlib import Path

from matplotlib.figure import Figure

from dsd import read_table
from dsd.analysis.trends import trends
from dsd.design.complexity import MEASURES, UNITS
from dsd.design.published import PUBLISHED
from dsd.figures.complexity import plot_points, plot_trend

HERE = Path(__file__).parent
TIMES = HERE.parent / "results" / "time"


def draw() -> None:
    """Above: inference time against flops, params and acts. Below: what grows how with flops. ([DDS] Fig. 12)"""
    frame = read_table(TIMES / "regnetx_cpu.csv")
    found = trends(frame)
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    above, below = figure.subplots(2, 3)
    for ax, measure in zip(above, MEASURES, strict=True):
        plot_points(ax, frame, measure, "infer_ms")
    for ax, column in zip(below, ("acts", "params", "infer_ms"), strict=True):
        plot_trend(ax, frame, found[column])
    for ax in (*above, *below):
        ax.grid(alpha=0.3, linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "complexity.png", dpi=110)


def rows() -> list[str]:
    """The rows of the table of times: counted complexity, measured time, the paper's time on a V100."""
    lines = []
    for text in (TIMES / "named_cpu.jsonl").read_text().splitlines():
        row = json.loads(text)
        printed = PUBLISHED[row["network"]].infer_ms.replace("-", "–")
        counted = " | ".join(f"{row[name] / unit:.{2 if name == 'flops' else 1}f}" for name, unit in UNITS.items())
        time = f"{row['infer_ms']:.0f} ({row['infer_ms_low']:.0f} – {row['infer_ms_high']:.0f})"
        lines.append(f"| {row['network']} | {counted} | {time} | {row['infer_peak_gb']:.2f} | {printed} |")
    return lines


if __name__ == "__main__":
    draw()
    print("\n".join(rows()))
