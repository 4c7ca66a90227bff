"""How the window calls each setting and says what it means."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication


@dataclass(frozen=True, slots=True)
class SettingText:
    """A setting's short name, its meaning with the unit, and what 0 is called, if it is."""

    label: str
    tip: str
    zero: str = ""


_ENGLISH = {
    "dataset": SettingText(
        "Dataset",
        "The images to learn from. What must be downloaded says how large it is; Start over "
        "begins the download.",
    ),
    "seed": SettingText(
        "Seed", "A whole number that every random draw follows: the same seed repeats a run."
    ),
    "batch_size": SettingText("Batch size", "Real images that D sees in one update."),
    "epochs": SettingText(
        "Epochs",
        "Length of the run, in passes over the training images; empty is without end.",
        "no end",
    ),
    "train_images": SettingText(
        "Training images",
        "Train on so many of the images only, drawn by the seed; empty is all.",
        "all",
    ),
    "image_size": SettingText(
        "Image size",
        "Images are resized to squares of so many pixels a side; empty leaves them, but makes 64 "
        "of a folder's mixed sizes.",
        "as it is",
    ),
    "data_range": SettingText(
        "Data range",
        "The range of the real images that D sees: G's own, or a fixed one, which may give D a "
        "hint that has nothing to do with digits.",
    ),
    "g_lr": SettingText(
        "G learning rate",
        "Step size of G's optimiser, Adam; 0 holds G still. With “Rates constant for” in Advanced "
        "it is that of the first steps.",
    ),
    "d_lr": SettingText(
        "D learning rate",
        "Step size of D's optimiser, Adam; 0 holds D still. With “Rates constant for” in Advanced "
        "it is that of the first steps.",
    ),
    "d_steps": SettingText("D updates, k", "Updates of D in each step; G has one."),
    "model": SettingText("Model", "The networks of G and D."),
    "latent_dim": SettingText("Size of z", "How many numbers G makes an image from."),
    "prior": SettingText("Prior", "What z is drawn from: normal is N(0, 1), uniform is U(−1, 1)."),
    "conditional": SettingText(
        "Conditional", "G is told which class to draw, and D which class it sees."
    ),
    "code_choices": SettingText(
        "Code, choices",
        "How many values the code has that D must find in the image, as in InfoGAN; 0 is no code.",
    ),
    "continuous_codes": SettingText(
        "Codes, continuous",
        "How many numbers in [−1, 1] D must find in the image, as in InfoGAN.",
    ),
    "info_weight": SettingText(
        "Code weight", "Lambda, the weight of what D gets wrong about the codes."
    ),
    "ema_decay": SettingText(
        "EMA decay",
        "Share of the averaged generator that each step keeps; 0 is no averaged generator.",
    ),
    "objective": SettingText("Objective", "The losses that G and D minimise."),
    "d_total": SettingText(
        "D's loss", "D minimises the sum of its losses on real and generated images, or their mean."
    ),
    "adversarial_share": SettingText(
        "Adversarial share",
        "What share of an autoencoder's loss is the adversarial one; the rest is the mean absolute "
        "error of the pixels.",
    ),
    "r1": SettingText(
        "R1",
        "Gamma, the weight of D's squared gradient at real images; 0 is none. It suits a D without "
        "BatchNorm.",
    ),
    "r2": SettingText(
        "R2",
        "Gamma, the weight of D's squared gradient at generated images; 0 is none. It suits a D "
        "without BatchNorm.",
    ),
    "gradient_penalty": SettingText(
        "Gradient penalty",
        "Lambda, the weight of how far D's gradient between real and generated images is from 1; "
        "0 is none. It suits a D without BatchNorm.",
    ),
    "penalty_every": SettingText(
        "Penalties every",
        "Updates of D from one penalty to the next, which weighs as many times as much.",
    ),
    "weight_clip": SettingText(
        "Weight clip", "D's weights are cut off at plus and minus this; 0 lets them be."
    ),
    "spectral_norm": SettingText(
        "Spectral norm", "Divides every layer of D by its largest singular value."
    ),
    "instance_noise": SettingText(
        "Instance noise",
        "Standard deviation of the noise on all images that D sees, in their units.",
    ),
    "translation": SettingText(
        "Translation",
        "All images that D sees are shifted by up to this share of their sides, at random.",
    ),
    "order": SettingText(
        "Order", "Who is updated first in a step, and whether both see the same generated images."
    ),
    "beta1": SettingText("Adam beta 1", "Decay of Adam's mean of gradients, per update."),
    "beta2": SettingText("Adam beta 2", "Decay of Adam's mean of squared gradients, per update."),
    "lr_constant_steps": SettingText(
        "Rates constant for",
        "Steps after which both learning rates fall as one over the square root of the step; 0 is "
        "never.",
    ),
    "weight_decay": SettingText("Weight decay", "Adam's pull of every weight towards 0."),
}

CHOICES = {
    "cifar-10": "CIFAR-10",
    "emnist": "EMNIST",
    "fashion-mnist": "Fashion-MNIST",
    "kmnist": "KMNIST",
    "mnist": "MNIST",
    "stacked-mnist": "Stacked-MNIST",
}
"""What people call choices otherwise than files and commands do."""


def setting_texts() -> dict[str, SettingText]:
    """Return the texts of every setting of `Config`, in the window's language."""
    return {
        name: SettingText(_tr(text.label), _tr(text.tip), _tr(text.zero) if text.zero else "")
        for name, text in _ENGLISH.items()
    }


def choice_text(choice: str) -> str:
    """Return what a choice is called in the window's language."""
    if choice == "folder":
        return QCoreApplication.translate("choices", "Folder of images…")
    return QCoreApplication.translate("choices", CHOICES.get(choice, choice))


def difference_text(name: str, value: object) -> str:
    """Return that a setting is `value`, as in a list of what differs."""
    text = setting_texts().get(name, SettingText(name, ""))
    if isinstance(value, bool):
        word = _tr("on") if value else _tr("off")
    elif isinstance(value, str):
        word = choice_text(value)
    else:
        word = text.zero if text.zero and not value else f"{value:g}"
    return f"{text.label} {word}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings", text)
