"""The words and numbers beside curves."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from ganstudio.gui.wording import translate


@dataclass(frozen=True, slots=True)
class CurveWords:
    """A curve's short name for the legend, its full one, and what it means."""

    name: str
    full_name: str
    meaning: str


def loss_words(autoencoder: bool = False, *, paired: bool = False) -> dict[str, CurveWords]:
    """Return the words for the losses, by their columns in the history.

    Those of an `autoencoder`'s D, or of one that is told a real and a generated image as a pair.
    """
    words = {
        "real_loss": CurveWords(
            translate("curves", "real"),
            translate("curves", "D's loss on real images"),
            translate("curves", "Loss of D on the step's real images."),
        ),
        "fake_loss": CurveWords(
            translate("curves", "fake"),
            translate("curves", "D's loss on generated images"),
            translate("curves", "Loss of D on the step's generated images."),
        ),
        "g_loss": CurveWords(
            translate("curves", "G"),
            translate("curves", "G's loss"),
            translate("curves", "Loss of G: it falls when D takes generated images for real."),
        ),
        "reconstruction_loss": CurveWords(
            translate("curves", "restored"),
            translate("curves", "Reconstruction loss"),
            translate("curves", "Mean absolute error of the images that the autoencoder restores."),
        ),
        "info_loss": CurveWords(
            translate("curves", "codes"),
            translate("curves", "Loss of the codes"),
            translate("curves", "What D gets wrong about the codes that are in the images."),
        ),
    }
    if paired:
        words["real_loss"] = CurveWords(
            translate("curves", "pair"),
            translate("curves", "D's loss on pairs of a real and a generated image"),
            translate("curves", "Loss of D on the step's pairs of a real and a generated image."),
        )
        words["g_loss"] = CurveWords(
            translate("curves", "G"),
            translate("curves", "G's loss"),
            translate("curves", "Loss of G: the same pairs, told the other way round."),
        )
    if autoencoder and not paired:  # whose D judges codes
        words["real_loss"] = CurveWords(
            translate("curves", "real"),
            translate("curves", "D's loss on draws from the prior"),
            translate("curves", "Loss of D on the step's draws from the prior."),
        )
        words["fake_loss"] = CurveWords(
            translate("curves", "fake"),
            translate("curves", "D's loss on codes of images"),
            translate("curves", "Loss of D on the codes of the step's images."),
        )
        words["g_loss"] = CurveWords(
            translate("curves", "G"),
            translate("curves", "The encoder's loss"),
            translate(
                "curves",
                "Loss of the encoder: it falls when D takes codes for draws from the prior.",
            ),
        )
    return words


def score_words(autoencoder: bool = False) -> dict[str, CurveWords]:
    """Return the words for D's scores, by their columns in the history."""
    if autoencoder:
        return {
            "real_score": CurveWords(
                translate("curves", "real"),
                translate("curves", "D's score of draws from the prior"),
                translate("curves", "Mean of what D says about the step's draws from the prior."),
            ),
            "fake_score": CurveWords(
                translate("curves", "fake"),
                translate("curves", "D's score of codes of images"),
                translate("curves", "Mean of what D says about the codes of the step's images."),
            ),
        }
    return {
        "real_score": CurveWords(
            translate("curves", "real"),
            translate("curves", "D's score of real images"),
            translate("curves", "Mean of what D says about the step's real images."),
        ),
        "fake_score": CurveWords(
            translate("curves", "fake"),
            translate("curves", "D's score of generated images"),
            translate("curves", "Mean of what D says about the step's generated images."),
        ),
    }


def number(value: float) -> str:
    """Return three digits of a value, or all before the point; a dash for none."""
    if not math.isfinite(value):
        return "–"
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}".replace("-", "−")
    plain = value == 0 or 1e-3 <= abs(value) < 1000
    text = f"{value:#.3g}".rstrip(".") if plain else f"{value:.1e}"
    return text.replace("-", "−")


def reference_label(value: float) -> str:
    """Return what a reference line is called, e.g. ``"ln 2 = 0.693"``."""
    return f"ln 2 = {value:.3f}" if math.isclose(value, math.log(2)) else f"{value:.3g}"


def readout_table(title: str, lines: Iterable[tuple[str, str, str, str]]) -> str:
    """Return an HTML table of curves at one place.

    Parameters
    ----------
    title : str
        The place.
    lines : iterable of (str, str, str, str)
        A curve's colour, name, value, and what else there is to say of it.
    """
    rows = [f"<tr><td colspan='3'>{escape(title)}</td></tr>"]
    for colour, name, value, remark in lines:
        rows.append(
            f"<tr><td><font color='{colour}'>■</font> {escape(name)}</td>"
            f"<td align='right'>&nbsp;<b>{value}</b>&nbsp;</td><td>{escape(remark)}</td></tr>"
        )
    return f"<table cellspacing='0'>{''.join(rows)}</table>"
