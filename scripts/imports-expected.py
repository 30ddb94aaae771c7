"""What real code makes of the configuration files that the import tests hold: tests/data/imports.jsonl.

    python scripts/imports-expected.py

Needs hydra-core, anemoi-training 0.17.1 (its packaged groups) and nvidia-physicsnemo 2.2.2. Nothing here reads gc-plan:
anemoi's entry files are composed by Hydra itself, PhysicsNeMo's networks are built and their parameters counted.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
import types
from importlib.metadata import version
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError

ROOT = Path(__file__).resolve().parent.parent
FILES = ROOT / "tests/models/importing/configurations"
PACKAGED = "pkg://anemoi.training/config"


def value(config, path):
    """A value or None; one that only the job's environment knows stays as it is written."""
    node = config
    *parents, last = path.split(".")
    for key in parents:
        if OmegaConf.is_list(node):
            node = node[int(key)] if int(key) < len(node) else None
        elif OmegaConf.is_dict(node):
            node = node.get(key)
        if node is None:
            return None
    try:
        return node.get(last)
    except InterpolationResolutionError:
        return OmegaConf.to_container(node, resolve=False)[last]


def first(config, *paths):
    return next((found for path in paths if (found := value(config, path)) is not None), None)


def mapper(config, part, key):
    return first(config, f"model.{part}s.0.mapper.{key}", f"model.{part}.{key}")


def class_name(path):
    return None if path is None else path.rsplit(".", 1)[-1]


def composed(folder):
    """The keys that decide memory, of the composed configuration."""
    with initialize_config_dir(str(folder), version_base=None):
        config = compose("config", overrides=[f"hydra.searchpath=[{PACKAGED}]"])
    edges = value(config, "graph.edges") or []
    return {
        "network": class_name(value(config, "model.model._target_")),
        "processor": class_name(value(config, "model.processor._target_")),
        "encoder": class_name(mapper(config, "encoder", "_target_")),
        "decoder": class_name(mapper(config, "decoder", "_target_")),
        "hiddenDim": value(config, "model.num_channels"),
        "layers": value(config, "model.processor.num_layers"),
        "heads": value(config, "model.processor.num_heads"),
        "mlpRatio": value(config, "model.processor.mlp_hidden_ratio"),
        "window": value(config, "model.processor.window_size"),
        "attention": value(config, "model.processor.attention_implementation"),
        "qkNorm": value(config, "model.processor.qk_norm"),
        "members": value(config, "training.ensemble_size_per_device"),
        "extraLayers": value(config, "model.processor.mlp_extra_layers"),
        "processorChunks": value(config, "model.processor.num_chunks"),
        "mapperChunks": mapper(config, "encoder", "num_chunks"),
        "checkpointing": value(config, "model.processor.gradient_checkpointing"),
        "precision": value(config, "training.precision"),
        "accumulate": value(config, "training.accum_grad_batches"),
        "batchSize": value(config, "dataloader.batch_size.training"),
        "rolloutSteps": value(config, "task.rollout.start"),
        "optimizer": class_name(value(config, "training.optimization.optimizer._target_")),
        "gpusPerNode": value(config, "system.hardware.num_gpus_per_node"),
        "nodes": value(config, "system.hardware.num_nodes"),
        "dataGrid": value(config, "data.resolution"),
        "mesh": class_name(value(config, "graph.nodes.hidden.node_builder._target_")),
        "meshLevel": value(config, "graph.nodes.hidden.node_builder.resolution"),
        "meshGrid": value(config, "graph.nodes.hidden.node_builder.grid"),
        "edges": [[class_name(builder._target_) for builder in edge.edge_builders] for edge in edges],
    }


GRAPHCASTNET = {
    # Arguments as the example's train_graphcast.py, or the recipe, passes them. Grid and mesh decide no parameter.
    "physicsnemo/example.yaml": {"hidden_dim": 512, "processor_layers": 16, "input_dim_grid_nodes": 83, "output_dim_grid_nodes": 73},
    "physicsnemo/synthetic.yaml": {"hidden_dim": 256, "processor_layers": 8, "input_dim_grid_nodes": 73, "output_dim_grid_nodes": 73},
    "physicsnemo/first-release.yaml": {"hidden_dim": 512, "processor_layers": 16, "input_dim_grid_nodes": 34, "output_dim_grid_nodes": 34},
    "physicsnemo/history.yaml": {"hidden_dim": 384, "processor_layers": 12, "input_dim_grid_nodes": 51, "output_dim_grid_nodes": 20},
    "physicsnemo/arguments-nested.yaml": {"hidden_dim": 192, "processor_layers": 6, "hidden_layers": 2, "input_dim_grid_nodes": 33, "output_dim_grid_nodes": 30},
    "physicsnemo/arguments-few.yaml": {"hidden_dim": 128, "input_dim_grid_nodes": 90},
    "physicsnemo/arguments.json": {"hidden_dim": 64, "processor_layers": 3, "input_dim_grid_nodes": 10, "output_dim_grid_nodes": 7},
    "physicsnemo/shallow-water.yaml": {"hidden_dim": 128, "processor_layers": 16, "input_dim_grid_nodes": 3, "output_dim_grid_nodes": 3},
}


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Empty modules in place of packages that physicsnemo imports and GraphCastNet never calls."""

    def __init__(self, *names):
        self.names = names

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        import torch

        class Module(types.ModuleType):
            def __getattr__(self, name):
                if name.startswith("__"):
                    raise AttributeError(name)
                return type(name, (torch.nn.Module,), {})

        return Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []


def parameters(arguments):
    import torch_geometric.data  # noqa: F401  (before the stand-ins, which it would pick up)

    if not any(isinstance(finder, StandIn) for finder in sys.meta_path):
        sys.meta_path.insert(0, StandIn("torchvision", "timm", "torch_scatter", "torch_sparse"))
        import physicsnemo.core.version_check as versions

        check = versions.check_version_spec
        versions.check_version_spec = lambda name, *rest, **more: name.startswith("torch_s") or check(name, *rest, **more)
    from physicsnemo.models.graphcast.graph_cast_net import GraphCastNet

    network = GraphCastNet(mesh_level=1, input_res=(7, 12), **arguments)
    return sum(parameter.numel() for parameter in network.parameters())


def main():
    os.environ.pop("GC_PLAN_NOT_SET", None)
    hydra = f"Hydra {version('hydra-core')} over the groups of anemoi-training {version('anemoi-training')}"
    network = f"GraphCastNet of physicsnemo {version('nvidia-physicsnemo')}, built, its parameters counted"
    rows = []
    for folder in sorted(path.parent for path in FILES.glob("anemoi/*/config.yaml")):
        name = str(folder.relative_to(FILES) / "config.yaml")
        try:
            rows.append({"file": name, "by": hydra, "composed": composed(folder)})
        except Exception as error:  # Hydra's own refusal is what is recorded.
            rows.append({"file": name, "by": hydra, "refused": str(error).splitlines()[0]})
    for name, arguments in GRAPHCASTNET.items():
        rows.append({"file": name, "by": network, "parameters": parameters(arguments)})
    (ROOT / "tests/data/imports.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


if __name__ == "__main__":
    main()
