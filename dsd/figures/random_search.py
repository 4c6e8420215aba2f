"""The expected best error of a random search ([DDS] Fig. 9, right)."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from dsd.analysis.random_search import default_sizes, random_search_curve
from dsd.analysis.results.populations import Results
from dsd.figures.edf import INSIDE, legend
from dsd.figures.style import label, look


def plot_random_search(ax: Axes, populations: Sequence[Results]) -> Axes:
    """Draw the expected error of the best of m networks against m, with its 95 % interval up to m = n/2.

    Beyond n/2 the curve depends on the few best networks of the population, and its interval is too narrow.
    Populations with strata are left out: their networks are not equally likely.
    """
    for i, results in enumerate(populations):
        if not len(results):
            continue
        if results.stratified:
            ax.plot([], [], label=f"{label(results.name)}: left out, drawn in strata", **look(i))
            continue
        curve = random_search_curve(results.errors, default_sizes(len(results)).tolist())
        ax.plot(curve.sizes, curve.expected, label=legend(results), linewidth=1.8, **look(i))
        shown = curve.sizes <= len(results) / 2
        ax.fill_between(
            curve.sizes[shown], curve.low[shown], curve.high[shown], color=look(i)["color"], alpha=0.12, linewidth=0
        )
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_xlabel("networks tried")
    ax.set_ylabel("expected error of the best [%]")
    if len(populations) > INSIDE:
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="x-small", frameon=False)
    else:
        ax.legend(fontsize="small", frameon=False)
    return ax
