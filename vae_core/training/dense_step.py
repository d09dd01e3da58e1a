"""The training step of a dense model written out: forward and backward in closed form, into memory that is kept.

Autograd needs fresh memory for each result and a graph for each step, which costs a dense model about as much as its
arithmetic. Everything here follows from the chain rule. With images x (B, D), W_i and b_i of layer i, f its activation:

    h_0 = x,  a_i = W_i h_(i-1) + b_i,  h_i = f(a_i), the last layer of a network without f
    encoder: (mean, s) = its output, s the log-variance, and z = mean + exp(s / 2) epsilon
    decoder: z to the output y
    loss = average over the batch of -log p(x | y) + v(average KL), with KL = 1/2 sum (mean^2 + exp(s) - 1 - s)

and, with r = d(-log p) / dy from the likelihood and w = dv / dKL from the objective (beta, for a beta-VAE):

    g_last = r / B,  dW_i = g_i^T h_(i-1),  db_i = sum of g_i,  g_(i-1) = (g_i W_i) f'(a_(i-1))
    d mean = g_z + w mean / B
    d s    = g_z epsilon exp(s / 2) / 2 + w (exp(s) - 1) / (2 B)

g_z being the gradient that arrives at the decoder's input. An autoencoder has z = mean and no KL. The bound on s passes its
gradient through, as `autoencoder.bound` does.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from vae_core.models.autoencoder import Autoencoder, Posterior
from vae_core.models.vae import SeparateVae
from vae_core.objectives.likelihoods import Likelihood
from vae_core.objectives.objective import LossTerms, Objective

_aten = torch.ops.aten
_ACTIVATIONS: dict[type[nn.Module], tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    nn.ReLU: (Tensor.relu_, lambda gradient, h: _aten.threshold_backward(gradient, h, 0, grad_input=gradient)),
    nn.Tanh: (Tensor.tanh_, lambda gradient, h: _aten.tanh_backward(gradient, h, grad_input=gradient)),
}
"""In place: the activation h of a tensor, and the gradient times its derivative, which is 1 where h > 0, or 1 - h^2."""


def is_dense(model: Autoencoder) -> bool:
    """Whether all of a model's networks are dense layers with activations between."""
    allowed = (nn.Flatten, nn.Unflatten, nn.Linear, *_ACTIVATIONS)
    return all(isinstance(layer, allowed) for network in model.children() for layer in network.children())


class DenseStep:
    """Loss and gradients of a batch; the gradients are written into the `grad` of the parameters, which must exist.

    Args:
        model: both its networks are dense, see `is_dense`.
        likelihood, objective: of the run.
        batch_size: the largest batch that will come.
    """

    def __init__(self, model: Autoencoder, likelihood: Likelihood, objective: Objective, batch_size: int) -> None:
        self.model, self.likelihood, self.objective = model, likelihood, objective
        encoders = [model.encoder, *([model.log_variance_encoder] if isinstance(model, SeparateVae) else [])]
        self.encoders = [_DenseNetwork(encoder, batch_size) for encoder in encoders]
        self.decoder = _DenseNetwork(model.decoder, batch_size)

    @torch.no_grad()
    def __call__(self, inputs: Tensor, target: Tensor, draw: torch.Generator, step: int) -> tuple[LossTerms, Tensor]:
        """Terms and loss (a scalar) of a batch, nats per image.

        Args:
            inputs: (B, C, H, W), what the encoder sees.
            target: (B, C, H, W), what the decoder should give.
            draw: what epsilon is drawn from.
            step: for the schedules; 0 is the first.
        """
        inputs, target = inputs.flatten(1), target.flatten(1)
        encoded = [encoder.forward(inputs) for encoder in self.encoders]
        posterior = self.model.posterior(encoded[0] if len(encoded) == 1 else torch.cat(encoded, dim=1))
        epsilon = None if posterior.log_variance is None else posterior.draw_epsilon(draw)
        output = self.decoder.forward(posterior.mean if epsilon is None else posterior.at(epsilon))
        nats, residual, by_parameters = self.likelihood.derivatives(output, target)
        for parameter, gradient in zip(self.likelihood.parameters(), by_parameters, strict=True):
            assert parameter.grad is not None
            parameter.grad.copy_(gradient / len(inputs))
        terms = self.objective.terms_of(nats, posterior)
        by_code = self.decoder.backward(residual.div_(len(inputs)))
        by_encoded = by_code if epsilon is None else self._by_heads(posterior, epsilon, by_code, terms, step)
        for encoder, gradient in zip(self.encoders, by_encoded.chunk(len(self.encoders), dim=1), strict=True):
            encoder.backward(gradient, into_input=False)
        return terms, self.objective.loss(terms, step)

    def _by_heads(self, posterior: Posterior, epsilon: Tensor, by_code: Tensor, terms: LossTerms, step: int) -> Tensor:
        """The gradient at the encoder's two heads, (B, 2L), from that at the decoder's input, (B, L)."""
        kl, log_variance = terms.averages[1], posterior.log_variance
        assert kl is not None and log_variance is not None
        weight = self.objective.kl_gradient(kl, step) / len(by_code)
        by_mean = by_code + weight * posterior.mean
        by_deviation = by_code * epsilon * (0.5 * log_variance).exp()
        return torch.cat([by_mean, 0.5 * (by_deviation + weight * log_variance.expm1())], dim=1)


class _DenseNetwork:
    """Layers and activations in turn, with memory for the results and gradients of a batch."""

    def __init__(self, network: nn.Sequential, batch_size: int) -> None:
        self.layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        kinds = {type(layer) for layer in network} & set(_ACTIVATIONS)
        self.activate, self.derive = _ACTIVATIONS[kinds.pop() if kinds else nn.ReLU]
        self.outputs = [torch.empty(batch_size, layer.out_features) for layer in self.layers]
        self.gradients = [torch.empty(batch_size, layer.in_features) for layer in self.layers]
        self.inputs: list[Tensor] = []

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, D) to (B, outputs); what `backward` needs is kept until the next call."""
        self.inputs = [inputs]
        for layer, memory in zip(self.layers, self.outputs, strict=True):
            if len(self.inputs) > 1:
                self.activate(inputs)
            inputs = torch.addmm(layer.bias, inputs, layer.weight.t(), out=memory[: len(inputs)])
            self.inputs.append(inputs)
        return self.inputs.pop()

    def backward(self, gradient: Tensor, *, into_input: bool = True) -> Tensor:
        """Writes the gradients of weights and biases, given that of the output, (B, outputs).

        Returns:
            The gradient of the input, (B, D); with `into_input` False that of the first layer's output.
        """
        for index in reversed(range(len(self.layers))):
            layer, inputs = self.layers[index], self.inputs[index]
            torch.mm(gradient.t(), inputs, out=layer.weight.grad)
            torch.sum(gradient, dim=0, out=layer.bias.grad)
            if index == 0 and not into_input:
                return gradient
            gradient = torch.mm(gradient, layer.weight, out=self.gradients[index][: len(inputs)])
            if index > 0:
                self.derive(gradient, inputs)
        return gradient
