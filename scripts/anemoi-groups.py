"""What the groups that ship with anemoi-training say of memory: src/models/anemoi/data/shipped-groups.json.

    python scripts/anemoi-groups.py

Needs hydra-core and anemoi-training. Each group is composed alone, as `+model=gnn`, by Hydra's own compose API from the packaged files;
`${…}` stays as written. Of its keys stay those that the importer reads (src/models/anemoi/import*.ts), under their dotted names.
"""

import json
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

TARGET = Path(__file__).resolve().parent.parent / "src/models/anemoi/data/shipped-groups.json"
PACKAGED = "anemoi.training.config"
#: data and diagnostics decide no array of a training step, and nobody is told that one of theirs is missing.
GROUPS = ("model", "graph", "training", "dataloader", "task", "system")

PART = r"model\.(processor|(encoders|decoders)\.\w+\.mapper)"
EDGES = r"graph\.edges\.\d+"
READ = (
    r"model\.(num_channels|model\._target_|noise_injector\._target_|model\.transport\.noise_embedder\._target_)",
    r"model\.(processor\.)?layer_kernels\.LayerNorm\._target_",
    PART + r"\.(_target_|num_channels|num_layers|num_chunks|num_heads|qk_norm|window_size|attention_implementation)",
    PART + r"\.(mlp_extra_layers|mlp_hidden_ratio|gradient_checkpointing|graph_attention_backend)",
    r"graph\.nodes\.hidden\.node_builder\.(_target_|resolution|grid)",
    EDGES + r"\.(source_name|target_name)",
    EDGES + r"\.edge_builders\.\d+\.(_target_|cutoff_factor|num_nearest_neighbours|x_hops|scale_resolutions|(source|target)_mask_attr_name)",
    r"training\.(precision|accum_grad_batches|strategy\._target_|weight_averaging\._target_)",
    r"training\.training_loss\.datasets\.\w+\.(per_scale_loss\.)?(_target_|backend)",
    r"training\.optimization\.optimizer\.(optimizer_class\.)?_target_",
    r"dataloader\.batch_size\.(training|validation)",
    r"task\.rollout\.start",
    r"system\.hardware\.(num_gpus_per_node|num_nodes|num_gpus_per_model)",
)
#: Read too, and in every group what is priced where a file says nothing: left out, and this script ends where a release changes one.
AS_PRICED = {
    r"model\.cpu_offload": [False],
    PART + r"\.cpu_offload": ["${model.cpu_offload}"],
    r"model\.model\.latent_skip": [True],
    PART + r"\.mlp_implementation": ["mlp"],
    PART + r"\.edge_pre_mlp": [False],
    r"model\.(node|edge)_trainable_parameters\.\w+": [8],
    PART + r"\.trainable_size": [
        f"${{model.edge_trainable_parameters.{edges}}}" for edges in ("data2hidden", "hidden2hidden", "hidden2data")
    ],
    r"task\.rollout\.epoch_increment": [0],
}


def leaves(node, path=()):
    """Dotted keys and values; a list is one value, unless mappings are in it."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        here = (*path, str(key))
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            yield from leaves(value, here)
        else:
            yield ".".join(here), value


def says_something(value):
    return value is not None and value != "???" and not isinstance(value, list)


def kept(name):
    group, option = name.rsplit("/", 1)
    composed = OmegaConf.to_container(compose(None, overrides=[f"+{group}={option}"]), resolve=False)
    keys = {key: value for key, value in leaves(composed) if says_something(value)}
    for pattern, priced in AS_PRICED.items():
        for key, value in keys.items():
            if re.fullmatch(pattern, key) and value not in priced:
                raise SystemExit(f"{name}: {key}: {value} is not what is priced where a file says nothing ({priced})")
    return {key: value for key, value in keys.items() if any(re.fullmatch(pattern, key) for pattern in READ)}


def main():
    root = Path(str(files(PACKAGED)))
    names = sorted(path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.yaml"))
    with initialize_config_module(PACKAGED, version_base=None):
        groups = {name: kept(name) for name in names if name.split("/")[0] in GROUPS and "/" in name}
    table = {
        "release": f"anemoi-training {version('anemoi-training')}",
        "source": f"anemoi/training/config of the package on PyPI, composed by Hydra {version('hydra-core')}: scripts/anemoi-groups.py",
        "groups": groups,
    }
    TARGET.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
