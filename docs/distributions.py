"""Draw docs/distributions.png: the distribution of each AnyNetX parameter, and its values among networks in the window.

Usage: python docs/distributions.py
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dsd import load_space, sample
from dsd.figures.distribution import plot_distribution

N = 10_000
COLUMNS = {"depth": "d", "width": "sampled_w", "bottleneck_ratio": "b", "group_width": "sampled_g"}


def main() -> None:
    """One panel a parameter: its distribution, and what was drawn for each stage of networks in the window."""
    space = load_space("AnyNetX_A")
    frame = sample(space, N).frame
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    panels = figure.subplots(1, 4, sharey=True)
    for ax, (name, column) in zip(panels, COLUMNS.items(), strict=True):
        drawn = {f"360 to 400 MF, stage {i}": np.asarray(frame[f"{column}{i}"]) for i in (1, 2, 3, 4)}
        plot_distribution(ax, space.parameters[name].distribution, drawn)
        ax.set_xlabel(name)
        ax.grid(alpha=0.3, linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("cumulative probability")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    figure.savefig(Path(__file__).with_name("distributions.png"), dpi=110)


if __name__ == "__main__":
    main()
