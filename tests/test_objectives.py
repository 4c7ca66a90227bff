import dataclasses
import math

import pytest
import torch

from ganstudio import parts
from ganstudio.training.objectives import bce, non_saturating
from ganstudio.training.regularisers import none, r1

NAMES = parts.names(parts.OBJECTIVE)
LOGITS = torch.tensor([-20.0, -3.0, -0.5, 0.0, 0.25, 2.0, 15.0], dtype=torch.float64)
LOGISTIC = [pytest.param(module.OBJECTIVE, id=module.__name__) for module in (bce, non_saturating)]


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
    for loss in (objective.real_loss, objective.fake_loss, objective.g_loss):
        assert loss(logits).shape == ()
        assert torch.autograd.gradcheck(loss, logits)
    assert objective.score(LOGITS).shape == LOGITS.shape


@pytest.mark.parametrize("name", NAMES)
def test_references_are_the_equilibrium(name: str):
    objective = parts.load(parts.OBJECTIVE, name).OBJECTIVE
    undecided = torch.zeros(3)
    if objective.loss_reference is not None:
        for loss in (objective.real_loss, objective.fake_loss):
            assert float(loss(undecided)) == pytest.approx(objective.loss_reference, rel=1e-6)
    if objective.score_reference is not None:
        assert objective.score(undecided).tolist() == [objective.score_reference] * 3
    texts = (objective.formula, objective.sentence)
    assert all(len(text) > 10 for text in texts)
    assert len(dataclasses.fields(objective)) == 9


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
    for loss in (objective.real_loss, objective.fake_loss, objective.g_loss):
        assert math.isnan(loss(logits))


def test_r1_of_a_linear_critic():
    w = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    x = torch.randn(5, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    penalty = r1.penalty(x, (x * w).sum(dim=(1, 2, 3)))
    assert penalty.shape == ()
    torch.testing.assert_close(penalty, w.detach().square().sum() / 2)
    torch.testing.assert_close(torch.autograd.grad(penalty, w)[0], w.detach())


def test_r1_of_a_quadratic_critic_is_a_mean_over_images():
    a = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    x = torch.randn(6, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    penalty = r1.penalty(x, a * x.square().sum(dim=(1, 2, 3)) / 2)
    mean = x.detach().square().sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(penalty, 1.5**2 * mean / 2)
    torch.testing.assert_close(torch.autograd.grad(penalty, a)[0], 1.5 * mean)


def test_no_penalty():
    assert none.penalty is None
