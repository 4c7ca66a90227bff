import math

import pytest
import torch

from ganstudio import parts
from ganstudio.training.objectives import (
    bce,
    bce_logits,
    bce_squashed,
    hinge,
    least_squares,
    minimax,
    non_saturating,
    relativistic,
    wasserstein,
)
from ganstudio.training.penalties import gradient_penalty, squared_gradient

NAMES = parts.names(parts.OBJECTIVE)
LOGITS = torch.tensor([-20.0, -3.0, -0.5, 0.0, 0.25, 2.0, 15.0], dtype=torch.float64)
LOGISTIC = [
    pytest.param(module.OBJECTIVE, id=module.__name__)
    for module in (bce, bce_logits, non_saturating)
]


def losses(objective) -> list:
    """Return the losses that an objective has."""
    return [f for f in (objective.real_loss, objective.fake_loss, objective.g_loss) if f]


def log1pexp(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def gradient(loss, logits: torch.Tensor) -> torch.Tensor:
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(logits), logits)[0]


@pytest.mark.parametrize("objective", LOGISTIC)
def test_logistic_losses_in_closed_form(objective):
    n = len(LOGITS)
    real = sum(log1pexp(-x) for x in LOGITS.tolist()) / n
    fake = sum(log1pexp(x) for x in LOGITS.tolist()) / n
    assert float(objective.real_loss(LOGITS)) == pytest.approx(real, rel=1e-9)
    assert float(objective.fake_loss(LOGITS)) == pytest.approx(fake, rel=1e-9)
    assert float(objective.g_loss(LOGITS)) == pytest.approx(real, rel=1e-9)


@pytest.mark.parametrize("objective", LOGISTIC)
def test_logistic_derivatives(objective):
    probability = 1 / (1 + torch.exp(-LOGITS))
    n = len(LOGITS)
    for loss, expected in (
        (objective.real_loss, probability - 1),
        (objective.fake_loss, probability),
        (objective.g_loss, probability - 1),
    ):
        torch.testing.assert_close(gradient(loss, LOGITS), expected / n, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("objective", LOGISTIC)
def test_scores_are_probabilities(objective):
    torch.testing.assert_close(objective.score(LOGITS), 1 / (1 + torch.exp(-LOGITS)))
    assert objective.score_range == (0, 1)
    assert objective.loss_reference == pytest.approx(0.6931471805599453)


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_smooth_scalars(name: str):
    objective = parts.load(parts.OBJECTIVE, name).OBJECTIVE
    logits = LOGITS[1:-1].clone().requires_grad_()
    for loss in losses(objective):
        assert loss(logits).shape == ()
        assert torch.autograd.gradcheck(loss, logits)
    assert objective.score(LOGITS).shape == LOGITS.shape


EQUILIBRIUM = {"least-squares": 0.5}  # the logit that D gives to all where it cannot tell


@pytest.mark.parametrize("name", NAMES)
def test_references_are_the_equilibrium(name: str):
    objective = parts.load(parts.OBJECTIVE, name).OBJECTIVE
    undecided = torch.full((3,), EQUILIBRIUM.get(name, 0.0))
    if objective.loss_reference is not None:
        for loss in (objective.real_loss, objective.fake_loss):
            if loss is not None:
                assert float(loss(undecided)) == pytest.approx(objective.loss_reference, rel=1e-6)
    if objective.score_reference is not None:
        assert objective.score(undecided).tolist() == [objective.score_reference] * 3
    texts = (objective.formula, objective.sentence)
    assert all(len(text) > 10 for text in texts)
    assert (objective.fake_loss is None) == objective.paired


@pytest.mark.parametrize(
    ("module", "real", "fake", "g"),
    [
        (least_squares, (5**2 + 1) / 4, (4**2 + 2**2) / 4, (5**2 + 1) / 4),
        (hinge, 5 / 2, 3 / 2, 1.0),
        (wasserstein, 1.0, -1.0, 1.0),
        (minimax, None, None, -(log1pexp(-4.0) + log1pexp(2.0)) / 2),
        (relativistic, (log1pexp(4.0) + log1pexp(-2.0)) / 2, None, None),
    ],
    ids=lambda value: getattr(value, "__name__", "").rpartition(".")[2],
)
def test_losses_in_closed_form(module, real, fake, g):
    logits = torch.tensor([-4.0, 2.0], dtype=torch.float64)
    objective = module.OBJECTIVE
    for loss, expected in (
        (objective.real_loss, real),
        (objective.fake_loss, fake),
        (objective.g_loss, g),
    ):
        if expected is not None:
            assert float(loss(logits)) == pytest.approx(expected, rel=1e-12)


def test_squashed_twice_d_can_never_be_sure():
    sure = torch.tensor([60.0])
    floor = log1pexp(-1.0)
    assert float(bce_squashed.OBJECTIVE.real_loss(sure)) == pytest.approx(floor)
    assert float(bce_squashed.OBJECTIVE.g_loss(-sure)) == pytest.approx(math.log(2))
    assert abs(float(gradient(bce_squashed.OBJECTIVE.g_loss, torch.zeros(1)))) < 0.25


def test_minimax_g_learns_little_where_d_is_sure():
    lost = torch.tensor([-10.0])
    assert abs(float(gradient(minimax.OBJECTIVE.g_loss, lost))) < 1e-4
    assert abs(float(gradient(non_saturating.OBJECTIVE.g_loss, lost))) > 0.99


def test_bce_clamps_the_logarithm_and_loses_the_gradient():
    lost = torch.tensor([-200.0])
    assert float(bce.OBJECTIVE.real_loss(lost)) == 100
    assert float(bce.OBJECTIVE.g_loss(lost)) == 100
    assert float(bce.OBJECTIVE.fake_loss(-lost)) == 100
    assert gradient(bce.OBJECTIVE.g_loss, lost).tolist() == [0]
    assert gradient(bce.OBJECTIVE.g_loss, torch.tensor([-5.0])).item() == pytest.approx(-0.9933072)


def test_non_saturating_keeps_both():
    lost = torch.tensor([-200.0])
    assert float(non_saturating.OBJECTIVE.g_loss(lost)) == 200
    assert gradient(non_saturating.OBJECTIVE.g_loss, lost).tolist() == [-1]


@pytest.mark.parametrize("name", NAMES)
def test_nan_comes_out_as_nan(name: str):
    """The trainer looks for it; an error of torch's own, or a number, would hide the cause."""
    objective = parts.load(parts.OBJECTIVE, name).OBJECTIVE
    logits = torch.tensor([0.5, math.nan, -1.0])
    for loss in losses(objective):
        assert math.isnan(loss(logits))


def test_r1_of_a_linear_critic():
    w = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    x = torch.randn(5, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    penalty = squared_gradient(x, (x * w).sum(dim=(1, 2, 3)))
    assert penalty.shape == ()
    torch.testing.assert_close(penalty, w.detach().square().sum() / 2)
    torch.testing.assert_close(torch.autograd.grad(penalty, w)[0], w.detach())


def test_r1_of_a_quadratic_critic_is_a_mean_over_images():
    a = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    x = torch.randn(6, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    penalty = squared_gradient(x, a * x.square().sum(dim=(1, 2, 3)) / 2)
    mean = x.detach().square().sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(penalty, 1.5**2 * mean / 2)
    torch.testing.assert_close(torch.autograd.grad(penalty, a)[0], 1.5 * mean)


def test_gradient_penalty_of_a_linear_critic():
    """The gradient is w wherever it is taken: the penalty is (|w| - 1)²."""
    w = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    real, fake = torch.randn(2, 5, 2, 3, 4, dtype=torch.float64)
    share = torch.rand(5, dtype=torch.float64)
    penalty = gradient_penalty(lambda x: (x * w).sum(dim=(1, 2, 3)), real, fake, share)
    norm = w.detach().norm()
    torch.testing.assert_close(penalty, (norm - 1) ** 2)
    expected = 2 * (norm - 1) * w.detach() / norm
    torch.testing.assert_close(torch.autograd.grad(penalty, w)[0], expected)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_gradient_penalty_is_taken_between_the_two(share: float):
    """Of |x|²/2 the gradient is x itself."""
    real, fake = torch.randn(2, 6, 1, 2, 2, dtype=torch.float64)
    shares = torch.full((6,), share, dtype=torch.float64)
    penalty = gradient_penalty(lambda x: x.square().sum(dim=(1, 2, 3)) / 2, real, fake, shares)
    x = (share * real + (1 - share) * fake).flatten(1)
    torch.testing.assert_close(penalty, (x.norm(dim=1) - 1).square().mean())
