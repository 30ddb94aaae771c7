"""A mesh network of one's own with torch_geometric, for docs/capture.md: 40,320 nodes as anemoi's o96 has, six neighbours each, 16 layers."""

import copy

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch_geometric.nn import MessagePassing

NODES, NEIGHBOURS, CHANNELS, WIDTH, LAYERS = 40_320, 6, 80, 512, 16


def mlp(inputs):
  return nn.Sequential(nn.Linear(inputs, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH))


class Layer(MessagePassing):
  def __init__(self):
    super().__init__(aggr="sum")
    self.edge, self.node = mlp(3 * WIDTH), mlp(2 * WIDTH)

  def forward(self, nodes, edges, edge_index):
    edges = edges + self.edge_updater(edge_index, nodes=nodes, edges=edges)
    received = self.propagate(edge_index, edges=edges, size=(NODES, NODES))
    return nodes + self.node(torch.cat([nodes, received], -1)), edges

  def edge_update(self, edges, nodes_i, nodes_j):
    return self.edge(torch.cat([edges, nodes_j, nodes_i], -1))

  def message(self, edges):
    return edges


class MeshNet(nn.Module):
  def __init__(self, recompute):
    super().__init__()
    self.recompute = recompute
    self.embed_nodes, self.embed_edges = mlp(CHANNELS), mlp(4)
    self.processor = nn.ModuleList(Layer() for _ in range(LAYERS))
    self.head = nn.Linear(WIDTH, CHANNELS)

  def forward(self, state, edges, edge_index):
    nodes, edges = self.embed_nodes(state), self.embed_edges(edges)
    for layer in self.processor:
      if self.recompute:
        nodes, edges = checkpoint(layer, nodes, edges, edge_index, use_reentrant=False)
      else:
        nodes, edges = layer(nodes, edges, edge_index)
    return state + self.head(nodes)


def make_step(recompute=False):
  model = MeshNet(recompute).cuda()
  average = copy.deepcopy(model).requires_grad_(False)
  optimizer = torch.optim.AdamW(model.parameters())
  receivers = torch.arange(NODES).repeat_interleave(NEIGHBOURS)
  senders = torch.randint(NODES, receivers.shape)
  graph = torch.randn(len(receivers), 4).cuda(), torch.stack([senders, receivers]).cuda()
  state, target = torch.randn(2, NODES, CHANNELS).cuda()

  def step():
    optimizer.zero_grad()
    with torch.autocast("cuda", torch.bfloat16):
      loss = (model(state, *graph) - target).square().mean()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    with torch.no_grad():
      for kept, new in zip(average.parameters(), model.parameters()):
        kept.lerp_(new, 1e-3)

  return step


def make_step_with_checkpoints():
  return make_step(recompute=True)
