"""Draw docs/adjusted.png: what the surrogate explains of the errors of results/ladder, and what follows for the means.

Usage: python docs/adjusted.py
"""

from pathlib import Path

from matplotlib.figure import Figure

from dsd.analysis import adjust, split_populations
from dsd.figures import plot_adjusted_edf, plot_adjusted_means, plot_surrogate
from dsd.figures.style import styled

TABLE = Path(__file__).parents[1] / "results" / "ladder" / "table.csv"


def main() -> None:
    """Predictions, means with intervals, and two of the EDFs."""
    populations = split_populations(TABLE)
    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = (styled(ax) for ax in figure.subplots(1, 3))
    everything = adjust(populations)
    plot_surrogate(left, everything)
    plot_adjusted_means(middle, everything)
    plot_adjusted_edf(right, everything, ["AnyNetX_C_cifar", "AnyNetX_E_cifar"])
    figure.savefig(Path(__file__).with_name("adjusted.png"), dpi=110)


if __name__ == "__main__":
    main()
