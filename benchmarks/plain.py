"""Every preset as people write it: a DataLoader, eager modules, `backward`, `.item()` every step.

What `throughput.py` compares the engine with. The networks, batches, losses and settings are the
engine's; nothing else of it is used.
"""

import copy

import torch
from PIL import Image
from torch import Tensor, nn
from torch.autograd import grad
from torch.nn.functional import one_hot
from torch.utils.data import DataLoader, Dataset

from ganstudio import parts
from ganstudio.config import Config
from ganstudio.data.loading import load
from ganstudio.latent.networks import Architecture, build, with_classes
from ganstudio.training.games import info_loss
from ganstudio.work import Work

try:
    from torchvision import transforms
except (ImportError, RuntimeError) as error:  # beside a torch that it was not built for
    raise SystemExit(f"what people write needs torchvision: {error}") from None

Item = tuple[Tensor, int]


class Images(Dataset[Item]):
    """Training images, decoded one by one as torchvision's datasets do."""

    def __init__(self, config: Config, low: float, high: float) -> None:
        self._data = load(config.dataset, 0, None, Work())
        channels = self._data.image_shape[0]
        side = config.image_size or self._data.image_shape[1]
        self._mode = "L" if channels == 1 else "RGB"
        self._transform = transforms.Compose(
            [
                transforms.Resize((side, side)),
                transforms.ToTensor(),
                transforms.Normalize(
                    [-low / (high - low)] * channels, [1 / (high - low)] * channels
                ),
            ]
        )

    def __len__(self) -> int:
        return len(self._data.train)

    def __getitem__(self, index: int) -> Item:
        pixels = self._data.train[index].transpose(1, 2, 0).squeeze()
        image = self._transform(Image.fromarray(pixels, self._mode))
        return image, int(self._data.train_labels[index])


class Plain:
    """A training loop.

    Parameters
    ----------
    config, architecture, device :
        What to train, on its own networks, where.
    low, high : float
        The range of real images.
    """

    def __init__(
        self,
        config: Config,
        architecture: Architecture,
        device: torch.device,
        low: float,
        high: float,
    ) -> None:
        torch.manual_seed(config.seed)
        assert not config.translation, "no preset has it"
        assert not config.instance_noise, "no preset has it"
        self.config, self.latent, self.device = config, architecture.latent, device
        networks = build(architecture)
        self.G, self.D = networks.G.to(device), networks.D.to(device)
        self.E = networks.E.to(device) if networks.E else None
        self.G_ema = copy.deepcopy(self.G) if config.ema_decay else None
        betas, decay = (config.beta1, config.beta2), config.weight_decay
        weights = [*self.G.parameters(), *(self.E.parameters() if self.E else ())]
        self.G_opt = torch.optim.Adam(weights, config.g_lr, betas, weight_decay=decay)
        self.D_opt = torch.optim.Adam(self.D.parameters(), config.d_lr, betas, weight_decay=decay)
        self.objective = parts.load(parts.OBJECTIVE, config.objective).OBJECTIVE
        self.loader = DataLoader(
            Images(config, low, high), config.batch_size, shuffle=True, drop_last=True
        )
        self.batches = iter(self.loader)
        self.losses: list[tuple[float, float]] = []
        self.updates = 0

    def step(self) -> None:
        """Make one step and note its losses."""
        order, k = self.config.order, self.config.d_steps
        if order == "g-first-shared":
            fake = self.fake()
            g_loss = self.update_G(fake)
            d_loss = self.update_D(fake)
        elif order == "simultaneous":
            fake = self.fake()
            g_loss = self.update_G(fake, move=False)
            d_loss = self.update_D(fake)
            self.G_opt.step()
        else:
            for _ in range(k):
                fake = self.fake()
                d_loss = self.update_D(fake)
            if order == "d-first":
                fake = self.fake()
            g_loss = self.update_G(fake)
        if self.G_ema:
            for average, weight in zip(self.G_ema.parameters(), self.G.parameters(), strict=True):
                average.data.lerp_(weight.data, 1 - self.config.ema_decay)
        self.losses.append((d_loss.item(), g_loss.item()))

    def real(self) -> tuple[Tensor, Tensor]:
        """Return the next batch of images and labels."""
        try:
            images, labels = next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            images, labels = next(self.batches)
        return images.to(self.device), labels.to(self.device)

    def noise(self) -> Tensor:
        """Draw z."""
        n, drawn = self.config.batch_size, []
        for part in self.latent.parts:
            if part.kind == "normal":
                drawn.append(torch.randn(n, part.dim, device=self.device))
            elif part.kind == "uniform":
                drawn.append(torch.rand(n, part.dim, device=self.device) * 2 - 1)
            else:
                choice = torch.randint(part.dim, (n,), device=self.device)
                drawn.append(one_hot(choice, part.dim).float())
        return torch.cat(drawn, dim=1)

    def fake(self) -> dict[str, Tensor]:
        """Draw what D is to tell from real, with the way back into G."""
        if self.E:
            images, _ = self.real()
            mean, log_variance = self.E(images).chunk(2, dim=1)
            codes = mean + torch.exp(log_variance / 2) * self.noise()
            return {"x": codes, "l1": nn.functional.l1_loss(self.G(codes), images)}
        z = self.noise()
        return {"x": self.G(z), "z": z}

    def classes(self, z: Tensor) -> Tensor | None:
        """Return the classes in z, one-hot, of a conditional model."""
        return z[:, self.latent.slices["class"]] if self.latent.classes else None

    def update_G(self, fake: dict[str, Tensor], *, move: bool = True) -> Tensor:
        """Update G, or only take its gradient."""
        self.G_opt.zero_grad()
        said = self.D(with_classes(fake["x"], self.classes(fake["z"]) if "z" in fake else None))
        logits = said[:, 0]
        if self.objective.paired:
            with torch.no_grad():
                real_logits = self.D(self.real()[0])[:, 0]
            logits = logits - real_logits
        loss = self.objective.g_loss(logits)
        if self.E:
            share = self.config.adversarial_share
            loss = share * loss + (1 - share) * fake["l1"]
        elif self.latent.codes:
            loss = loss + self.config.info_weight * info_loss(self.latent, fake["z"], said[:, 1:])
        loss.backward()
        if move:
            self.G_opt.step()
        return loss

    def update_D(self, fake: dict[str, Tensor]) -> Tensor:
        """Update D."""
        config = self.config
        turn = self.updates % config.penalty_every == 0
        self.updates += 1
        self.D_opt.zero_grad()
        if self.E:
            x, x_classes, classes = self.noise(), None, None
        else:
            x, labels = self.real()
            n = self.latent.classes
            x_classes = one_hot(labels, n).float() if n else None
            classes = self.classes(fake["z"])
        made = fake["x"].detach()
        x.requires_grad_(turn and config.r1 > 0)
        made.requires_grad_(turn and config.r2 > 0)
        real_logits = self.D(with_classes(x, x_classes))[:, 0]
        said = self.D(with_classes(made, classes))
        fake_logits = said[:, 0]
        if self.objective.paired:
            loss = self.objective.real_loss(real_logits - fake_logits)
        else:
            loss = self.objective.real_loss(real_logits) + self.objective.fake_loss(fake_logits)
            loss = loss / 2 if config.d_total == "mean" else loss
        if self.latent.codes:
            loss = loss + config.info_weight * info_loss(self.latent, fake["z"], said[:, 1:])
        for gamma, images, logits in ((config.r1, x, real_logits), (config.r2, made, fake_logits)):
            if turn and gamma:
                (slope,) = grad(logits.sum(), images, create_graph=True)
                loss = (
                    loss
                    + config.penalty_every * gamma / 2 * slope.square().flatten(1).sum(1).mean()
                )
        if turn and config.gradient_penalty:
            share = torch.rand(len(x), 1, 1, 1, device=self.device)
            between = (share * x + (1 - share) * made).requires_grad_()
            (slope,) = grad(self.D(between).sum(), between, create_graph=True)
            off = (slope.flatten(1).norm(dim=1) - 1).square().mean()
            loss = loss + config.penalty_every * config.gradient_penalty * off
        loss.backward()
        self.D_opt.step()
        if config.weight_clip:
            for weight in self.D.parameters():
                weight.data.clamp_(-config.weight_clip, config.weight_clip)
        return loss
