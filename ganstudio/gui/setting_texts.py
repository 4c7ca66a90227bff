"""How the window calls each setting and says what it means."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication


@dataclass(frozen=True, slots=True)
class SettingText:
    """A setting's short name, and its meaning with the unit."""

    label: str
    tip: str


def setting_texts() -> dict[str, SettingText]:
    """Return the texts of every setting of `Config`, in the window's language."""
    return {
        name: SettingText(label, tip)
        for name, label, tip in (*_data(), *_live(), *_networks(), *_losses(), *_optimiser())
    }


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings", text)


_Rows = tuple[tuple[str, str, str], ...]


def _data() -> _Rows:
    tr = _tr
    return (
        ("dataset", tr("Dataset"), tr("The images to learn from.")),
        (
            "seed",
            tr("Seed"),
            tr("A whole number that every random draw follows: the same seed repeats a run."),
        ),
        ("batch_size", tr("Batch size"), tr("Real images that D sees in one update.")),
        (
            "epochs",
            tr("Epochs"),
            tr("Length of the run, in passes over the training images; 0 is without end."),
        ),
    )


def _live() -> _Rows:
    tr = _tr
    return (
        ("g_lr", tr("G learning rate"), tr("Step size of G's optimiser, Adam; 0 holds G still.")),
        ("d_lr", tr("D learning rate"), tr("Step size of D's optimiser, Adam; 0 holds D still.")),
        ("d_steps", tr("D updates, k"), tr("Updates of D in each step; G has one.")),
    )


def _networks() -> _Rows:
    tr = _tr
    return (
        ("model", tr("Model"), tr("The networks of G and D.")),
        ("latent_dim", tr("Size of z"), tr("How many numbers G makes an image from.")),
        (
            "prior",
            tr("Prior"),
            tr("What z is drawn from: normal is N(0, 1), uniform is U(−1, 1)."),
        ),
        (
            "ema_decay",
            tr("EMA decay"),
            tr("Share of the averaged generator that each step keeps; 0 is no averaged generator."),
        ),
    )


def _losses() -> _Rows:
    tr = _tr
    return (
        ("objective", tr("Objective"), tr("The losses that G and D minimise.")),
        (
            "d_total",
            tr("D's loss"),
            tr("D minimises the sum of its losses on real and generated images, or their mean."),
        ),
        ("regulariser", tr("Regulariser"), tr("What D is penalised for besides its losses.")),
        ("penalty", tr("Penalty"), tr("The weight gamma of the regulariser.")),
        (
            "penalty_every",
            tr("Penalty every"),
            tr("Updates of D from one penalty to the next, which weighs as many times as much."),
        ),
    )


def _optimiser() -> _Rows:
    tr = _tr
    return (
        (
            "order",
            tr("Order"),
            tr("Who is updated first in a step, and whether both see the same generated images."),
        ),
        ("beta1", tr("Adam beta 1"), tr("Decay of Adam's mean of gradients, per update.")),
        ("beta2", tr("Adam beta 2"), tr("Decay of Adam's mean of squared gradients, per update.")),
        ("weight_decay", tr("Weight decay"), tr("Adam's pull of every weight towards 0.")),
    )
