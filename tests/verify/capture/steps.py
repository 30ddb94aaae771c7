"""Training steps that nobody wrote for gc-plan's engine: each function returns a step, or (model, optimizer, batch, loss)."""

import copy
import itertools

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


def mlp(*widths):
  layers = [module for a, b in itertools.pairwise(widths) for module in (nn.Linear(a, b), nn.SiLU())]
  return nn.Sequential(*layers[:-1], nn.LayerNorm(widths[-1]))


class UNet(nn.Module):
  def __init__(self, channels=(8, 16, 32)):
    super().__init__()
    block = lambda a, b: nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
    self.down = nn.ModuleList(block(a, b) for a, b in itertools.pairwise((3, *channels)))
    self.up = nn.ModuleList(block(a + b, b) for b, a in itertools.pairwise(channels))
    self.pool = nn.MaxPool2d(2)
    self.head = nn.Conv2d(channels[0], 2, 1)

  def forward(self, x):
    kept = []
    for block in self.down:
      x = block(x)
      kept.append(x)
      if block is not self.down[-1]:
        x = self.pool(x)
    for skip, block in zip(reversed(kept[:-1]), reversed(self.up)):
      x = block(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear"), skip], 1))
    return self.head(x)


def u_net():
  model = UNet()
  return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), (torch.randn(2, 3, 64, 64), torch.randn(2, 2, 64, 64)), F.mse_loss


class Block(nn.Module):
  """Pre-norm transformer block with scaled-dot-product attention."""

  def __init__(self, width=64, heads=4, causal=False):
    super().__init__()
    self.heads, self.causal = heads, causal
    self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
    self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
    self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(0.1), nn.Linear(4 * width, width))

  def forward(self, x):
    batch, length, width = x.shape
    q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
    x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
    return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
  def __init__(self, width=64, depth=3):
    super().__init__()
    self.patch = nn.Conv2d(3, width, 8, 8)
    self.position = nn.Parameter(torch.zeros(1, 65, width))
    self.cls = nn.Parameter(torch.zeros(1, 1, width))
    self.blocks = nn.Sequential(*(Block(width) for _ in range(depth)))
    self.head = nn.Linear(width, 10)

  def forward(self, x):
    x = self.patch(x).flatten(2).transpose(1, 2)
    x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.position
    return self.head(self.blocks(x)[:, 0])


def vit():
  model = ViT()
  return model, torch.optim.AdamW(model.parameters()), (torch.randn(4, 3, 64, 64), torch.randint(10, (4,))), nn.CrossEntropyLoss()


def transformer_in_bf16():
  model = nn.ModuleDict({"tokens": nn.Embedding(100, 64), "blocks": nn.Sequential(*(Block(causal=True) for _ in range(3)))}).cuda()
  optimizer = torch.optim.AdamW(model.parameters(), fused=True)
  tokens = torch.randint(100, (4, 129), device="cuda")

  def step():
    optimizer.zero_grad()
    with torch.autocast("cuda", torch.bfloat16):
      logits = F.linear(model["blocks"](model["tokens"](tokens[:, :-1])), model["tokens"].weight)
      loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

  return step


def library_transformer():
  """torch's own encoder, trained with a mask."""
  model = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), 2).cuda()
  optimizer = torch.optim.Adam(model.parameters())
  x = torch.randn(4, 32, 64).cuda()
  mask = nn.Transformer.generate_square_subsequent_mask(32).cuda()

  def step():
    optimizer.zero_grad()
    model(x, mask=mask).square().mean().backward()
    optimizer.step()

  return step


class Forecaster(nn.Module):
  def __init__(self):
    super().__init__()
    self.lstm = nn.LSTM(16, 48, 2, batch_first=True)
    self.head = nn.Linear(48, 4)

  def forward(self, x):
    return self.head(self.lstm(x)[0][:, -1])


def lstm():
  model = Forecaster()
  return model, torch.optim.RMSprop(model.parameters()), (torch.randn(8, 12, 16), torch.randn(8, 4)), F.smooth_l1_loss


class MeshLayer(nn.Module):
  def __init__(self, width):
    super().__init__()
    self.edge, self.node = mlp(3 * width, width, width), mlp(2 * width, width, width)

  def forward(self, nodes, edges, senders, receivers):
    edges = edges + self.edge(torch.cat([edges, nodes[senders], nodes[receivers]], -1))
    received = torch.zeros_like(nodes).index_add_(0, receivers, edges)
    return nodes + self.node(torch.cat([nodes, received], -1)), edges


class MeshNet(nn.Module):
  def __init__(self, width=32, depth=3):
    super().__init__()
    self.embed_nodes, self.embed_edges = mlp(5, width, width), mlp(4, width, width)
    self.layers = nn.ModuleList(MeshLayer(width) for _ in range(depth))
    self.head = nn.Linear(width, 2)

  def forward(self, nodes, edges, senders, receivers):
    nodes, edges = self.embed_nodes(nodes), self.embed_edges(edges)
    for layer in self.layers:
      nodes, edges = layer(nodes, edges, senders, receivers)
    return self.head(nodes)


def mesh(num_nodes=300, num_edges=1800):
  return torch.randn(num_nodes, 5), torch.randn(num_edges, 4), *torch.randint(num_nodes, (2, num_edges))


def mesh_with_ema():
  model = MeshNet().cuda()
  ema = copy.deepcopy(model).requires_grad_(False)
  optimizer = torch.optim.AdamW(model.parameters(), amsgrad=True)
  graph = [each.cuda() for each in mesh()]
  target = torch.randn(300, 2, device="cuda")

  def step():
    optimizer.zero_grad()
    loss = (model(*graph) - target).abs().mean()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
      for kept, new in zip(ema.parameters(), model.parameters()):
        kept.lerp_(new, 0.01)

  return step


def sparse_edges():
  """The size of the result follows from the indices, as torch_geometric's `scatter` without `dim_size`."""
  model = mlp(4, 32, 32).cuda()
  optimizer = torch.optim.Adam(model.parameters(), foreach=False)
  _, edges, senders, receivers = (each.cuda() for each in mesh())

  def step():
    optimizer.zero_grad()
    messages = model(edges[senders != receivers])
    index = receivers[senders != receivers]
    num_nodes = int(index.max()) + 1
    out = messages.new_zeros(num_nodes, 32).scatter_add_(0, index[:, None].expand_as(messages), messages)
    (out / torch.bincount(index, minlength=num_nodes).clamp(min=1)[:, None]).square().mean().backward()
    optimizer.step()

  return step


def two_optimizers():
  """A generator and a discriminator, with a gradient penalty: the backward pass of a backward pass."""
  generator, critic = mlp(16, 64, 32).cuda(), nn.Sequential(nn.Linear(32, 64), nn.Softplus(), nn.Linear(64, 1)).cuda()
  first, second = torch.optim.Adam(generator.parameters()), torch.optim.Adam(critic.parameters(), amsgrad=True)
  real = torch.randn(128, 32).cuda()

  def step():
    second.zero_grad()
    fake = generator(torch.randn(128, 16, device="cuda"))
    point = (0.5 * real + 0.5 * fake.detach()).requires_grad_()
    (slope,) = torch.autograd.grad(critic(point).sum(), point, create_graph=True)
    (critic(fake.detach()).mean() - critic(real).mean() + (slope.norm(dim=1) - 1).square().mean()).backward()
    second.step()
    first.zero_grad()
    (-critic(fake).mean()).backward()
    first.step()

  return step


def nested_checkpoints():
  layers = nn.ModuleList(mlp(48, 96, 48) for _ in range(6)).cuda()
  optimizer = torch.optim.SGD(layers.parameters(), lr=0.1)
  x = torch.randn(500, 48, device="cuda")

  def part(x, three):
    for layer in three:
      x = x + checkpoint(layer, x, use_reentrant=False)
    return x

  def step():
    optimizer.zero_grad()
    y = checkpoint(part, x, layers[:3], use_reentrant=False)
    y = checkpoint(part, y, layers[3:], use_reentrant=False)
    y.square().mean().backward()
    optimizer.step()

  return step


def reentrant_checkpoints():
  layers = nn.Sequential(*(mlp(48, 96, 48) for _ in range(6))).cuda()
  optimizer = torch.optim.AdamW(layers.parameters(), fused=True)
  x = torch.randn(500, 48, device="cuda", requires_grad=True)

  def step():
    optimizer.zero_grad(set_to_none=False)
    checkpoint_sequential(layers, 3, x, use_reentrant=True).square().mean().backward()
    optimizer.step()

  return step


class RecomputedSilu(torch.autograd.Function):
  @staticmethod
  def forward(ctx, x):
    ctx.save_for_backward(x)
    return F.silu(x)

  @staticmethod
  def backward(ctx, gradient):
    (x,) = ctx.saved_tensors
    sigmoid = torch.sigmoid(x)
    return gradient * sigmoid * (1 + x * (1 - sigmoid))


def custom_function():
  first, second = nn.Linear(32, 128).cuda(), nn.Linear(128, 8).cuda()
  optimizer = torch.optim.Adagrad([*first.parameters(), *second.parameters()])
  x = torch.randn(400, 32, device="cuda")

  def step():
    optimizer.zero_grad()
    second(RecomputedSilu.apply(first(x))).pow(2).sum().backward()
    optimizer.step()

  return step


def accumulation_with_scaler():
  model = mlp(32, 128, 64).cuda()
  optimizer = torch.optim.AdamW(model.parameters())
  scaler = torch.amp.GradScaler("cuda")
  batches = torch.randn(3, 200, 32)

  def step():
    optimizer.zero_grad()
    for batch in batches:
      with torch.autocast("cuda", torch.float16):
        loss = model(batch.to("cuda", non_blocking=True)).float().square().mean()
      scaler.scale(loss / 3).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()

  return step


def forecast():
  """Inference that keeps all predictions."""
  model = MeshNet().cuda().eval()
  nodes, edges, senders, receivers = (each.cuda() for each in mesh())

  @torch.no_grad()
  def step():
    state, predictions = nodes, []
    for _ in range(3):
      state = torch.cat([model(state, edges, senders, receivers), state[:, :3]], -1)
      predictions.append(state)
    return torch.stack(predictions)

  return step


def rollout():
  model = MeshNet().cuda()
  optimizer = torch.optim.NAdam(model.parameters())
  nodes, edges, senders, receivers = (each.cuda() for each in mesh())
  scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)

  def step():
    optimizer.zero_grad()
    state, loss = nodes, 0
    for _ in range(3):
      state = state + F.pad(model(state, edges, senders, receivers), (0, 3))
      loss = loss + state.square().mean()
    if torch.isnan(loss):
      raise ValueError("diverged")
    loss.backward()
    optimizer.step()
    scheduler.step()
    return loss.item()

  return step
