import torch
from torch import nn

from edge_backend.training.flat import FlatParameters


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 1))


def test_a_flat_network_answers_as_before():
    flat, plain = network(), network()
    FlatParameters(flat)
    x = torch.randn(4, 3)
    assert torch.equal(flat(x), plain(x))
    assert flat.state_dict().keys() == plain.state_dict().keys()


def test_backward_adds_to_the_flat_gradients():
    one, plain = network(), network()
    flat = FlatParameters(one)
    x = torch.randn(4, 3)
    for _ in range(2):
        one(x).sum().backward()
    plain(x).sum().backward()
    gradients = flat.named(flat.gradients)
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(gradients[name], 2 * parameter.grad)


def test_changing_the_flat_values_changes_the_network():
    one = network()
    flat = FlatParameters(one)
    flat.values.zero_()
    assert all(not parameter.any() for parameter in one.parameters())


def test_parameters_do_not_overlap_and_begin_where_fused_kernels_want_them():
    flat = FlatParameters(network())
    for number, view in enumerate(flat.named(flat.values).values(), 1):
        assert view.data_ptr() % 64 == flat.values.data_ptr() % 64
        view.fill_(number)
    for number, view in enumerate(flat.named(flat.values).values(), 1):
        assert (view == number).all()
