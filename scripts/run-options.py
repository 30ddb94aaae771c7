"""Which of gc-plan's options the real code bases run: their own constructors, one training step on a CPU, tiny sizes.

    python scripts/run-options.py > tests/data/options-run.jsonl

Needs torch (a CPU build), nvidia-physicsnemo, anemoi-models, graph_weather, neural-lam, torch-geometric. The first
line holds the versions and the stand-ins; every other one a model and the flags of gc-plan that it was run with, and
what came of it: `runs`, or `raises` with the error,
or `runs changed` where a change by hand makes it run. What a CPU can't try is `not tried`, with the
reason. Autocast is the CPU's. tests/models/refusals.test.ts holds gc-plan to these lines and writes the table of
docs/what-runs.md from them.
"""
import contextlib, datetime, functools, importlib.abc, importlib.machinery, importlib.metadata, json, logging
import sys, types, warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
import torch
from torch.utils.checkpoint import checkpoint

OF_DATA_AND_PLOTS = (
    "torch_sparse", "cartopy", "nnja_ai", "mllam_data_prep", "mlflow", "loguru", "parse", "dask", "wandb",
)
STAND_INS = {
    "torch_scatter": "its sum, as zeros and scatter_add_",
    "nvfuser": "its one kernel, the derivative of SiLU, as torch operations; the products around it are PhysicsNeMo's own",
    "torchvision, timm, and what reads data and draws": "imported by the packages, never called here",
    "torch-geometric's name of a type `X | None`, which neural-lam 0.7.0 uses": "Python's own",
    "neural-lam's datastore and graph files": "random features and edges of the same shapes",
}


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Empty modules in place of packages that are imported and never called."""

    def __init__(self, *names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        class Module(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return type(name, (torch.nn.Module,), {})

        return Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []


def scatter(src, index, dim=-1, out=None, dim_size=None, reduce="sum"):
    """torch_scatter's sum of the rows of `src` [edges, …] by `index` [edges]."""
    assert reduce in ("sum", "add")
    shape = [1] * src.dim()
    shape[dim] = -1
    size = list(src.shape)
    size[dim] = dim_size if dim_size is not None else int(index.max()) + 1
    zeros = torch.zeros(size, dtype=src.dtype)
    return zeros.scatter_add_(dim, index.view(shape).expand_as(src), src)


class SiluDerivative:
    """nvfuser's FusionDefinition as PhysicsNeMo calls it: silu'(x) in the type of x."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, inputs):
        [x] = inputs
        sigmoid = torch.sigmoid(x)
        return [sigmoid * (1 + x * (1 - sigmoid))]


def install_stand_ins():
    import torch_geometric.data  # noqa: F401  (before torch_scatter's, which it would pick up)

    # timm is there and needs torchvision, which is not.
    sys.meta_path.insert(0, StandIn("torchvision", "timm"))
    sys.meta_path.append(StandIn(*OF_DATA_AND_PLOTS))
    module = types.ModuleType("torch_scatter")
    module.scatter = scatter
    module.scatter_sum = lambda src, index, dim=-1, out=None, dim_size=None: scatter(src, index, dim, None, dim_size)
    module.__spec__ = importlib.machinery.ModuleSpec("torch_scatter", None)
    sys.modules["torch_scatter"] = module
    import torch_geometric.inspector as inspector

    of_type = inspector.type_repr
    inspector.type_repr = lambda type_, names: repr(type_) if isinstance(type_, types.UnionType) else of_type(type_, names)
    import physicsnemo.core.version_check as versions

    check = versions.check_version_spec
    versions.check_version_spec = lambda name, *a, **k: name in ("torch_sparse", "torch_scatter") or check(name, *a, **k)
    import physicsnemo.nn.module._nvfuser_compat as nvfuser

    nvfuser.NV_FUSER_AVAILABLE = True
    nvfuser.FusionDefinition = SiluDerivative
    nvfuser.DataType = types.SimpleNamespace(**{name: name for name in ("Double", "Float", "Half", "BFloat16", "Int", "Int32", "Bool", "ComplexFloat", "ComplexDouble")})
    import physicsnemo.nn.module.gnn_layers.mesh_graph_mlp as mlp

    mlp.silu_backward_for = lambda *a: None


# ---------------------------------------------------------------- the models: (flags) -> model, inputs, outputs
LAT, LON, HIDDEN = 10, 20, 16
SIZES = {
    "physicsnemo-graphcast": dict(mesh_level=1, channels=3),
    "anemoi-gnn": dict(mesh_level=1, channels=8),
    "anemoi-graphtransformer": dict(mesh_level=1, channels=8),
    "graph-weather": dict(mesh_level=0, channels=3),
    "neural-lam": dict(mesh_level=1, channels=4),
}
CHUNKS = "edges:blocks="


def parts_of(flags):
    plan = flags.get("checkpoint", "none")
    return {} if plan == "none" else dict(part.rsplit("=", 1) if "=" in part else (part, True) for part in plan.split("+"))


def wrapped(function):
    """Recomputed in the backward pass, as gc-plan advise writes it for a code base without an option of its own."""
    return lambda *args, **kwargs: checkpoint(function, *args, use_reentrant=False, **kwargs)


def physicsnemo(flags):
    from physicsnemo.models.graphcast.graph_cast_net import GraphCastNet
    import physicsnemo.nn.module.gnn_layers.utils as utils

    fused = utils.sum_edge_node_feat
    if flags.get("concat-trick") == "eager" and hasattr(fused, "_torchdynamo_orig_callable"):
        utils.sum_edge_node_feat = fused._torchdynamo_orig_callable
    channels = SIZES["physicsnemo-graphcast"]["channels"]
    model = GraphCastNet(
        mesh_level=1, input_res=(LAT, LON), input_dim_grid_nodes=channels, output_dim_grid_nodes=channels,
        hidden_dim=HIDDEN, processor_layers=int(flags.get("layers", 4)),
        hidden_layers=int(flags.get("mlp-hidden-layers", 1)), do_concat_trick=flags.get("concat-trick", "off") != "off",
        recompute_activation=flags.get("recompute-activation", False),
        partition_size=int(flags.get("gpus", 1)) if flags.get("parallel") == "graph" else 1,
    )
    parts = parts_of(flags)
    if "model" in parts:
        model.set_checkpoint_model(True)
    if "encoder" in parts:
        model.set_checkpoint_encoder(True)
    if "decoder" in parts:
        model.set_checkpoint_decoder(True)
    if "processor:segments" in parts:
        model.set_checkpoint_processor(int(parts["processor:segments"]))
    if "processor:every" in parts:
        every, blocks = 2 * int(parts["processor:every"]), model.processor.num_processor_layers
        model.set_checkpoint_processor(1)
        model.processor.checkpoint_segments = [(i, min(blocks, i + every)) for i in range(0, blocks, every)]
    shape = (int(flags.get("batch", 1)), channels, LAT, LON)
    return model, lambda dtype: torch.randn(shape, dtype=dtype), model


def random_edges(senders, receivers, count):
    edges = torch.stack([torch.randint(0, senders, (count,)), torch.arange(count) % receivers])
    return edges[:, torch.argsort(edges[1], stable=True)]


class Index:
    def __init__(self, size, **groups):
        self.size = size
        self.__dict__.update(groups)

    def __len__(self):
        return self.size


def anemoi(kind, flags):
    from anemoi.models.models import AnemoiModelEncProcDec
    from anemoi.utils.config import DotDict
    from torch_geometric.data import HeteroData

    data, hidden, channels = LAT * LON, 42, 8
    layers = int(flags.get("layers", 4))
    parts = parts_of(flags)
    chunks = layers // int(parts.get("processor:every", layers))
    blocks = int(parts.get(CHUNKS[:-1], 1))
    graph = HeteroData()
    for name, size in (("data", data), ("hidden", hidden)):
        graph[name].x = torch.rand(size, 2)
        graph[name].num_nodes = size
    for (sender, receiver), count in ((("data", "hidden"), 400), (("hidden", "hidden"), 300), (("hidden", "data"), 600)):
        edges = graph[sender, "to", receiver]
        edges.edge_index = random_edges(graph[sender].num_nodes, graph[receiver].num_nodes, count)
        edges.edge_length, edges.edge_dirs = torch.rand(count, 1), torch.rand(count, 2)
    transformer = kind == "GraphTransformer"
    norm = "torch.nn.LayerNorm" if transformer else "anemoi.models.layers.normalization.AutocastLayerNorm"
    kernels = {"LayerNorm": {"_target_": norm}, "Linear": {"_target_": "torch.nn.Linear"}, "Activation": {"_target_": "torch.nn.GELU"}}
    if transformer:
        kernels |= {name: {"_target_": "anemoi.models.layers.normalization.AutocastLayerNorm", "bias": False} for name in ("QueryNorm", "KeyNorm")}
    own = (
        dict(num_heads=int(flags.get("heads", 4)), graph_attention_backend=flags.get("attention-backend", "pyg"), shard_strategy="edges", mlp_hidden_ratio=4)
        if transformer
        else dict(mlp_extra_layers=int(flags.get("mlp-hidden-layers", 1)) - 1, mlp_hidden_ratio=1.0)
    )
    recomputed = lambda part: bool(parts) if part is None else part in parts
    common = lambda part: dict(num_channels=HIDDEN, trainable_size=8, sub_graph_edge_attributes=["edge_length", "edge_dirs"], gradient_checkpointing=recomputed(part), layer_kernels=kernels, **own)
    layer = "anemoi.models.layers."
    mapper = lambda name, part: dict(_target_=f"{layer}mapper.{kind}{name}Mapper", num_chunks=blocks, **common(part))
    config = DotDict(model=dict(
        model=dict(hidden_nodes_name="hidden", latent_skip=True),
        processor=dict(_target_=f"{layer}processor.{kind}Processor", num_layers=layers, num_chunks=chunks, **common("processor:every")),
        encoders={"0": dict(source_datasets=["data"], dataset_fusing_strategy="not_supported", mapper=mapper("Forward", "encoder"))},
        latent_aggregator=dict(_target_=f"{layer}aggregator.SumAggregator"),
        decoders={"0": dict(target_datasets=["data"], target_node_features=["encoded_data"], mapper=mapper("Backward", "decoder"))},
        residual=dict(datasets=dict(data=dict(_target_=f"{layer}residual.SkipConnection", step=-1))),
        node_trainable_parameters=dict(data=8, hidden=8), bounding=dict(datasets=dict(data=[]))))
    every = torch.arange(channels)
    names = Index(channels, prognostic=every, forcing=every[:0], diagnostic=every[:0], full=every)
    indices = {"data": types.SimpleNamespace(model=types.SimpleNamespace(input=names, output=names))}
    model = AnemoiModelEncProcDec(model_config=config, data_indices=indices, statistics={"data": None}, n_step_input=1, n_step_output=1, graph_data=graph)
    shape = (int(flags.get("batch", 1)), 1, 1, data, channels)
    run = lambda x: model({"data": x})["data"]
    return model, lambda dtype: torch.randn(shape, dtype=dtype), wrapped(run) if "model" in parts else run


def graph_weather(flags):
    from graph_weather.models.graphcast.model import GraphCast

    channels, parts = 3, parts_of(flags)
    layers = int(flags.get("layers", 4))
    lat_lons = [(-85.5 + 19 * row, 18.0 * column) for row in range(LAT) for column in range(LON)]
    model = GraphCast(
        lat_lons, resolution=0, input_dim=channels, output_dim=channels, hidden_dim=HIDDEN, num_processor_blocks=layers,
        hidden_layers=int(flags.get("mlp-hidden-layers", 2)), use_checkpointing=parts.get("processor:every") == "1",
    )
    if "model" in parts:
        model.set_checkpoint_model(True)
    if "encoder" in parts:
        model.set_checkpoint_encoder(True)
    if "decoder" in parts:
        model.set_checkpoint_decoder(True)
    if parts.get("processor:every") == str(layers):
        model.set_checkpoint_processor(-1)
    shape = (int(flags.get("batch", 1)), LAT * LON, channels)
    return model, lambda dtype: torch.randn(shape, dtype=dtype), model


class Datastore:
    """What GraphLAM's constructor asks of neural-lam's datastore."""

    num_grid_points = LAT * LON

    def __init__(self, channels):
        names = ("state_mean", "state_std", "state_diff_mean_standardized", "state_diff_std_standardized")
        ones = types.SimpleNamespace(values=torch.ones(channels).numpy())
        self.statistics = types.SimpleNamespace(**{name: ones for name in names})
        self.channels = channels

    def get_num_data_vars(self, category):
        return self.channels if category == "state" else 0

    def get_dataarray(self, **_):
        return None

    def get_standardization_dataarray(self, category):
        return self.statistics

    def get_xy_extent(self, category):
        return [0.0, 1.0, 0.0, 1.0]

    def get_vars_names(self, category):
        return [f"variable {index}" for index in range(self.channels)]


def neural_lam(flags):
    from neural_lam import utils
    from neural_lam.models.step_predictors.graph.graph_lam import GraphLAM

    channels, mesh, grid = 4, 42, LAT * LON
    sets = {"g2m": (grid, mesh, 400), "m2m": (mesh, mesh, 300), "m2g": (mesh, grid, 600)}

    def load_graph(model, *_, **__):
        for name, (senders, receivers, count) in sets.items():
            model.register_buffer(f"{name}_edge_index", random_edges(senders, receivers, count), persistent=False)
            model.register_buffer(f"{name}_features", torch.rand(count, 3), persistent=False)
        model.register_buffer("mesh_static_features", torch.rand(mesh, 2), persistent=False)
        return False

    utils.load_and_register_graph = load_graph
    utils.compute_grid_input_dim = lambda *_: 2 * channels + 1
    model = GraphLAM(
        Datastore(channels), hidden_dim=HIDDEN, hidden_layers=int(flags.get("mlp-hidden-layers", 1)),
        processor_layers=int(flags.get("layers", 4)),
    )
    batch = int(flags.get("batch", 1))
    model.register_buffer("forcing", torch.zeros(batch, grid, 1), persistent=False)
    parts = parts_of(flags)
    run = lambda x: model(x, x, model.forcing.to(x.dtype))[0]
    if "model" in parts:
        run = wrapped(run)
    if "processor:every" in parts or "processor:segments" in parts:
        model.process_step = wrapped(model.process_step)
    if "encoder" in parts:
        model.g2m_gnn.forward = wrapped(model.g2m_gnn.forward)
    if "decoder" in parts:
        model.m2g_gnn.forward = wrapped(model.m2g_gnn.forward)
    return model, lambda dtype: torch.randn(batch, grid, channels, dtype=dtype), run


BUILDERS = {
    "physicsnemo-graphcast": physicsnemo,
    "anemoi-gnn": functools.partial(anemoi, "GNN"),
    "anemoi-graphtransformer": functools.partial(anemoi, "GraphTransformer"),
    "graph-weather": graph_weather,
    "neural-lam": neural_lam,
}

# ---------------------------------------------------------------- one optimizer step
def adamw_8bit(parameters):
    from torchao.optim import AdamW8bit

    return AdamW8bit(parameters)


OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, foreach=True),
    "adamw-fused": lambda p: torch.optim.AdamW(p, fused=True),
    "adam": lambda p: torch.optim.Adam(p, foreach=True),
    "adamw-8bit": adamw_8bit,
    "adafactor": torch.optim.Adafactor,
    "momentum": lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-3),
}
AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def step(name, flags, change):
    """As each code base trains: forward pass and loss under autocast, backward pass and optimizer outside of it."""
    precision = flags["precision"]
    model, inputs, run = BUILDERS[name](flags)
    dtype = torch.bfloat16 if precision == "bf16-full" else torch.float32
    model.to(dtype)
    change(model)
    short = lambda: torch.autocast("cpu", dtype=AUTOCAST[precision]) if precision in AUTOCAST else contextlib.nullcontext()
    rollout = int(flags.get("rollout", 1))
    advance = wrapped(run) if "rollout" in parts_of(flags) and rollout > 1 else run

    def predictions(x):
        for _ in range(rollout):
            x = advance(x).reshape(x.shape)
        return x

    if flags.get("mode") == "inference":
        with torch.no_grad(), short():
            predictions(inputs(dtype))
        return
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = OPTIMIZERS[flags.get("optimizer", "adamw-fused")](parameters)
    scaler = torch.amp.GradScaler("cpu", enabled=precision == "fp16")
    for _ in range(int(flags.get("accumulate", 1))):
        x = inputs(dtype)
        with short():
            loss = torch.nn.functional.mse_loss(predictions(x), torch.zeros_like(x))
        scaler.scale(loss).backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in parameters), "no gradient arrived"
    scaler.step(optimizer)
    scaler.update()


# ---------------------------------------------------------------- what is tried
PRECISIONS = ("fp32", "bf16", "fp16", "bf16-full")
EVERYWHERE = [
    {}, {"batch": 2}, {"rollout": 2}, {"accumulate": 2}, {"mode": "inference"}, {"mode": "inference", "batch": 2},
    {"checkpoint": "encoder"}, {"checkpoint": "decoder"}, {"checkpoint": "model"}, {"checkpoint": "rollout", "rollout": 2},
    {"checkpoint": "processor:every=1"}, {"checkpoint": "encoder+decoder+processor:every=4"}, {"mlp-hidden-layers": 2},
    *({"optimizer": name} for name in OPTIMIZERS if name != "adamw-fused"),
]
OWN = {
    "physicsnemo-graphcast": [
        {"layers": 3}, {"layers": 2}, {"checkpoint": "processor:segments=2"}, {"checkpoint": "processor:segments=3"},
        *({"concat-trick": trick} for trick in ("eager", "fused")), {"recompute-activation": True},
        *({"recompute-activation": True, "concat-trick": trick} for trick in ("eager", "fused")),
        {"recompute-activation": True, "checkpoint": "encoder+decoder+processor:segments=1"},
        {"recompute-activation": True, "checkpoint": "model"},
        {"recompute-activation": True, "mlp-hidden-layers": 2}, {"recompute-activation": True, "rollout": 2},
        {"gpus": 2, "parallel": "graph"},
    ],
    "anemoi-gnn": [{"checkpoint": f"{CHUNKS}2"}, {"checkpoint": f"encoder+decoder+processor:every=2+{CHUNKS}2"}],
    "anemoi-graphtransformer": [
        {"checkpoint": f"{CHUNKS}2"}, {"checkpoint": f"encoder+decoder+processor:every=2+{CHUNKS}2"},
        {"heads": 3}, {"attention-backend": "triton"},
    ],
    "graph-weather": [],
    "neural-lam": [],
}
NOT_ON_A_CPU = {("attention-backend", "triton"): "Triton kernels need a GPU"}


def cast_graphs(model):
    """graph_weather keeps its edges' features and the decoder's zeros outside of what `model.to` casts."""
    for module in model.modules():
        for graph in (getattr(module, name, None) for name in ("graph", "latent_graph")):
            if graph is not None:
                graph.edge_attr = graph.edge_attr.to(torch.bfloat16)
        if hasattr(module, "latlon_nodes"):
            module.latlon_nodes = module.latlon_nodes.to(torch.bfloat16)


#: What a user has to change so that it runs, where the code base as it is does not.
BY_HAND = {("graph-weather", "bf16-full"): (cast_graphs, "its edges' features and the decoder's zeros cast to bf16 as well")}


def outcome(name, flags):
    reason = next((NOT_ON_A_CPU[item] for item in flags.items() if item in NOT_ON_A_CPU), None)
    if reason:
        return {"outcome": "not tried", "reason": reason}
    error = error_of(name, flags)
    if error is None:
        return {"outcome": "runs"}
    change, what = BY_HAND.get((name, flags["precision"]), (None, None))
    if change and error_of(name, flags, change) is None:
        return {"outcome": "runs changed", "error": error, "change": what}
    return {"outcome": "raises", "error": error}


def error_of(name, flags, change=lambda model: None):
    torch.manual_seed(0)
    try:
        step(name, flags, change)
    except Exception as error:
        lines = [line.strip() for line in str(error.__cause__ or error).splitlines() if line.strip()] or [""]
        return f"{type(error.__cause__ or error).__name__}: {lines[0]}"[:300]
    return None


def main():
    torch.set_num_threads(1)
    install_stand_ins()
    packages = ("torch", "nvidia-physicsnemo", "anemoi-models", "graph_weather", "neural-lam", "torch-geometric", "torchao")
    versions = {package: importlib.metadata.version(package) for package in packages}
    print(json.dumps({"versions": versions, "date": str(datetime.date.today()), "device": "CPU", "standIns": STAND_INS}))
    only = sys.argv[1:]
    for name in BUILDERS:
        if only and name not in only:
            continue
        size = {"grid": f"{LAT}x{LON}", "mesh-level": SIZES[name]["mesh_level"], "hidden-dim": HIDDEN, "layers": 4,
                "input-channels": SIZES[name]["channels"], "output-channels": SIZES[name]["channels"]}
        if name == "anemoi-graphtransformer":
            size["heads"] = 4
        for options in EVERYWHERE + OWN[name]:
            for precision in PRECISIONS:
                flags = {"precision": precision, **options}
                print(json.dumps({"model": name, "size": size, "flags": flags, **outcome(name, flags)}), flush=True)


if __name__ == "__main__":
    main()
