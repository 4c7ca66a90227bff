import dataclasses
import math
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from ganstudio import parts
from ganstudio.config import (
    AUTOENCODERS,
    LIVE,
    SETTINGS,
    Config,
    Setting,
    form_of,
    from_mapping,
    load_config,
    load_preset,
    parse,
    parse_assignment,
    preset_names,
    preset_of,
    recipe_name,
    save_config,
    setting,
)
from ganstudio.errors import ConfigError, StudioError

FIELDS = {item.name: item for item in dataclasses.fields(Config)}
NUMBERS = [name for name in FIELDS if not (SETTINGS[name].choices or SETTINGS[name].switch)]


def values(name: str) -> st.SearchStrategy:
    allowed = SETTINGS[name]
    if allowed.choices:
        return st.sampled_from(allowed.choices)
    if allowed.switch:
        return st.booleans()
    if FIELDS[name].type is int:
        return st.integers(int(allowed.low), int(allowed.high))
    return st.floats(allowed.low, allowed.high)


configs = st.builds(Config, **{name: values(name) for name in FIELDS})


@given(configs)
def test_every_config_survives_toml(config: Config):
    assert from_mapping(tomllib.loads(tomli_w.dumps(config.to_dict()))) == config


def test_a_file_holds_every_setting(tmp_path):
    config = Config(g_lr=1e-7, seed=2**31 - 1, prior="uniform")
    save_config(config, tmp_path / "config.toml")
    assert set(tomllib.loads((tmp_path / "config.toml").read_text())) == set(FIELDS)
    assert load_config(tmp_path / "config.toml") == config


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range_are_allowed_and_no_more(name: str):
    allowed = SETTINGS[name]
    for end in (allowed.low, allowed.high):
        assert getattr(Config(**{name: end}), name) == end
    whole = FIELDS[name].type is int
    beyond = allowed.high + 1 if whole else math.nextafter(allowed.high, math.inf)
    for bad in (beyond, allowed.low - 1):
        with pytest.raises(ConfigError) as caught:
            Config(**{name: bad})
        assert (caught.value.code, caught.value.fields["field"]) == ("out-of-range", name)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("bad", [math.nan, True, "many", "", None, [1], {}, "nan", 1j])
def test_what_is_no_number_is_refused(name: str, bad: object):
    with pytest.raises(ConfigError) as caught:
        Config(**{name: bad})
    assert (caught.value.code, caught.value.fields["field"]) == ("not-a-number", name)
    assert f"not “{bad}”" in str(caught.value)


@pytest.mark.parametrize("bad", [math.inf, -math.inf, "inf", "1e400", 1e300])
def test_absurd_numbers_are_out_of_range(bad: object):
    with pytest.raises(ConfigError, match=r"g_lr is .*; it must be between 0 and 1\."):
        Config(g_lr=bad)


@pytest.mark.parametrize("bad", [math.inf, 1.5, "1.5", 10**400])
def test_what_is_no_whole_number_is_refused(bad: object):
    with pytest.raises(ConfigError, match="batch_size takes a whole number"):
        Config(batch_size=bad)


def test_messages_name_field_value_and_range():
    with pytest.raises(ConfigError) as caught:
        Config(d_lr=1.25)
    assert str(caught.value) == "d_lr is 1.25; it must be between 0 and 1."
    with pytest.raises(ConfigError) as caught:
        Config(seed=2**31)
    assert str(caught.value) == "seed is 2147483648; it must be between 0 and 2147483647."
    with pytest.raises(ConfigError) as caught:
        Config(ema_decay=1)
    assert str(caught.value) == "ema_decay is 1; it must be between 0 and 0.99999."


def test_wrong_choices_name_the_nearest_and_all():
    with pytest.raises(ConfigError) as caught:
        Config(order="d-frist")
    text = str(caught.value)
    assert text.startswith("There is no order called “d-frist”. Did you mean “d-first”?")
    assert all(name in text for name in SETTINGS["order"].choices)


@pytest.mark.parametrize("bad", [3, None, True, ["bce"], ""])
def test_choices_take_their_names_only(bad: object):
    with pytest.raises(ConfigError) as caught:
        Config(objective=bad)
    assert (caught.value.code, caught.value.fields["field"]) == ("unknown-name", "objective")
    assert f"no objective called “{bad}”" in str(caught.value)


def test_numbers_take_the_type_of_their_field():
    config = Config(batch_size=32.0, g_lr=1, seed="7")
    assert [type(config.batch_size), type(config.g_lr), type(config.seed)] == [int, float, int]
    assert (config.batch_size, config.g_lr, config.seed) == (32, 1.0, 7)


@pytest.mark.parametrize("name", ["batchsize", "self", "", "G_LR"])
def test_unknown_settings_are_refused_everywhere(name: str, tmp_path):
    (tmp_path / "a.toml").write_text(f'"{name}" = 1')
    for attempt in (
        lambda: Config().changed(**{name: 1}),
        lambda: setting(name),
        lambda: parse(name, "1"),
        lambda: parse_assignment(f"{name}=1"),
        lambda: load_config(tmp_path / "a.toml"),
    ):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert caught.value.code == "unknown-field"
        assert f"“{name}”" in str(caught.value)


def test_unknown_settings_name_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean “batch_size”"):
        setting("batchsize")


def test_assignments():
    assert parse_assignment(" d_lr = 5e-4 ") == ("d_lr", 5e-4)
    assert parse_assignment("model=mlp-gelu") == ("model", "mlp-gelu")
    with pytest.raises(ConfigError) as caught:
        parse_assignment("d_lr")
    assert caught.value.code == "not-an-assignment"
    with pytest.raises(ConfigError):
        parse_assignment("d_lr=a=b")


def test_changed_leaves_the_original_alone():
    config = Config()
    assert config.changed(seed=4).seed == 4
    assert config == Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 4


@pytest.mark.parametrize(
    "text",
    ["seed = ", "a = 1\na = 2", "seed = " + "9" * 5000, "a = " + "[" * 50_000, b"\xff\xfe"],
)
def test_files_that_are_no_toml_are_named(text: str | bytes, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.code == "not-toml"
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("value", ['"x"', "2020-01-01", "[1]", "{a = 1}", "nan", "true"])
def test_wrong_types_in_a_file_are_refused(value: str, tmp_path):
    (tmp_path / "a.toml").write_text(f"g_lr = {value}")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "a.toml")
    assert caught.value.fields["field"] == "g_lr"


def test_missing_files_are_named(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(StudioError) as caught:
            load_config(path)
        assert caught.value.code == "cannot-read"
        assert str(path) in str(caught.value)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StudioError) as caught:
        save_config(Config(), tmp_path / "file" / "config.toml")
    assert caught.value.code == "cannot-write"


def test_live_settings():
    assert set(LIVE) == {"d_steps", "g_lr", "d_lr"}
    assert all(SETTINGS[name].live == (name in LIVE) for name in FIELDS)
    assert Setting() == Setting(low=-math.inf, high=math.inf, choices=(), switch=False, live=False)


@pytest.mark.parametrize("name", preset_names())
def test_presets_load(name: str):
    preset = load_preset(name)
    assert preset.name == name
    assert preset.title
    assert len(preset.description) > 40
    assert preset.config == Config(**preset.config.to_dict())


def test_the_first_preset_is_the_default():
    assert preset_names()[0] == "studio"
    assert load_preset("studio").config == Config()
    assert "mlp-gelu" in preset_names()


def test_unknown_presets_name_the_nearest():
    with pytest.raises(ConfigError, match=r"no preset called “studoi”\. Did you mean “studio”"):
        load_preset("studoi")


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), (" Yes", True), ("true", True), ("off", False), ("no", False)]
)
def test_switches_are_words(text: str, value: bool):
    assert parse("spectral_norm", text) is value
    assert Config(spectral_norm=value).spectral_norm is value


@pytest.mark.parametrize("bad", ["maybe", 2, None, 0.0])
def test_a_switch_is_on_or_off(bad: object):
    with pytest.raises(ConfigError, match="spectral_norm is either on or off") as caught:
        Config(spectral_norm=bad)
    assert caught.value.fields["field"] == "spectral_norm"


@pytest.mark.parametrize("name", preset_names())
def test_a_presets_settings_are_known_as_its_own(name: str):
    config = load_preset(name).config
    assert preset_of(config.to_dict()) == name
    assert preset_of(config.changed(seed=7).to_dict() | {"dataset": "another"}) == name
    assert preset_of(config.changed(d_lr=config.d_lr / 2).to_dict()) is None


@pytest.mark.parametrize("name", preset_names())
def test_a_recipe_keeps_its_name_when_a_rate_is_turned(name: str):
    preset = load_preset(name)
    turned = preset.config.changed(g_lr=0.123, d_lr=0.321, d_steps=7)
    assert recipe_name(preset.config) == name
    assert (recipe_name(turned) == name) or preset.group  # some of these are a rate that is wrong
    halved = preset.config.changed(d_lr=preset.config.d_lr / 2)
    assert recipe_name(halved) == name
    assert recipe_name(turned.changed(batch_size=17)) == turned.model_name


@pytest.mark.parametrize("name", preset_names())
def test_both_forms_of_a_preset_are_known(name: str):
    preset = load_preset(name)
    assert form_of(preset.config.to_dict()) == (name, False)
    assert (preset.published is None) == (preset.difference == "")
    if preset.published:
        assert form_of(preset.published.to_dict()) == (name, True)
        assert preset_of(preset.published.changed(seed=3).to_dict()) == name
        assert preset.form(published=True) == preset.published
    assert preset.form(published=False) == preset.config


def test_autoencoders_are_the_models_with_an_encoder():
    models = {name: parts.load(parts.MODEL, name) for name in parts.names(parts.MODEL)}
    assert {name for name, model in models.items() if hasattr(model, "encoder")} == {*AUTOENCODERS}
