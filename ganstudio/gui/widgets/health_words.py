"""The words for a run's health: states, sentences, numbers and remedies."""

from dataclasses import dataclass

from ganstudio.gui.setting_texts import setting_texts
from ganstudio.gui.wording import translate
from ganstudio.training.health import NAMES, SENTENCES, Diagnosis, Remedy, State


@dataclass(frozen=True, slots=True)
class NumberWords:
    """What a number of the evidence is called, and what it means."""

    name: str
    meaning: str


def state_name(state: State) -> str:
    """Return what a state is called."""
    return translate("health", NAMES[state.value])


def sentence(diagnosis: Diagnosis) -> str:
    """Return why it is so, as a sentence that begins with a capital letter."""
    text = diagnosis.sentence(translate("health", SENTENCES[diagnosis.reason]))
    return text[:1].upper() + text[1:]


def remedy_text(remedy: Remedy) -> str:
    """Return what the button says that makes the changes."""
    changes = [_change_text(name, value) for name, value in remedy.changes]
    start_over = translate("health", "Start over with {changes}")
    text = translate("health", "Set {changes}") if remedy.live else start_over
    return text.format(changes=translate("health", " and ").join(changes))


def _change_text(name: str, value: float) -> str:
    if name == "train_images" and not value:
        return translate("health", "all training images")
    text = translate("health", "{setting} = {value:g}")
    return text.format(setting=setting_texts()[name].label, value=value)


def number_words(name: str) -> NumberWords:
    """Return the words for a number of the evidence."""
    known = {
        "seen": NumberWords(
            translate("health", "D tells generated"),
            translate(
                "health",
                "How often D finds a held-out image more real than a generated one: 1 is always, "
                "0.5 by chance.",
            ),
        ),
        "known": NumberWords(
            translate("health", "D knows training"),
            translate(
                "health",
                "How often D finds a training image more real than a held-out one: 1 is always, "
                "0.5 by chance.",
            ),
        ),
        "diversity": NumberWords(
            translate("health", "Diversity"),
            translate(
                "health",
                "Mean distance between two generated images, as a share of that between two real "
                "ones.",
            ),
        ),
        "gap": NumberWords(
            translate("health", "Gap to real images"),
            translate(
                "health",
                "How far generated images are from real ones, by the energy coefficient: 0 is not "
                "at all, 1 altogether.",
            ),
        ),
        "change": NumberWords(
            translate("health", "Change of samples"),
            translate(
                "health",
                "How far the same samples moved since the look before, as a share of the distance "
                "between two real images.",
            ),
        ),
        "d_grad": NumberWords(
            translate("health", "D's gradient"),
            translate("health", "Norm of the gradient of D's loss, median of the last 50 steps."),
        ),
    }
    if name in known:
        return known[name]
    setting = setting_texts()[name]
    return NumberWords(setting.label, setting.tip)
