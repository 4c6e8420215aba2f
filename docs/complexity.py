"""Draw docs/complexity.png and print the table of times of docs/complexity.md, from results/time/.

Usage: python docs/complexity.py
"""

import json
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from dsd import read_table
from dsd.analysis import correlations, trends
from dsd.architecture.catalogue.published_values import PUBLISHED
from dsd.architecture.complexities import MEASURES, UNITS
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


def machines() -> list[str]:
    """The RegNets' time on this CPU and, as printed, on a V100: correlations and fits; and how the two agree."""
    frame = pd.read_json(TIMES / "named_cpu.jsonl", lines=True)
    regnets = frame[frame["network"].str.startswith("RegNet")]
    lines = []
    for place, kept in (("RegNetX and Y", regnets), ("all of 224 pixels and more", frame[frame["resolution"] >= 224])):
        printed = kept.assign(infer_ms=[float(PUBLISHED[name].infer_ms) for name in kept["network"]])
        for device, timed in (("this CPU, 8 images", kept), ("V100, 64 images, printed", printed)):
            told = ", ".join(f"{name} {r:.2f}" for name, r in correlations(timed).items())
            fit = trends(timed)["infer_ms"].coefficients
            alpha, beta = (f"{fit[term]:.3g}" for term in ("flops", "√flops"))
            lines.append(f"| {place} | {device} | {told} | {alpha} | {beta} |")
        lines.append(f"| {place} | one with the other | {kept['infer_ms'].corr(printed['infer_ms']):.3f} | | |")
    return lines


if __name__ == "__main__":
    draw()
    print("\n".join([*rows(), *machines()]))
