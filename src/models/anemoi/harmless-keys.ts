/** Keys of anemoi's configurations on which no array of a training step depends. */

/** With everything below them. */
const groups = [
  ...['defaults', 'missing', 'hydra', 'job', 'config_validation', 'data', 'diagnostics', 'paths', 'files'],
  ...['system.input', 'system.output', 'system.paths', 'hardware.paths', 'hardware.files', 'graph.attributes'],
  ...['training.method', 'training.scalers', 'training.training_loss', 'training.validation_metrics', 'task._target_'],
  ...['training.update_ds_stats_on_ckpt_load', 'training.check_variables_compatibility', 'training.checkpoint'],
];

/** Wherever they stand, with everything below them. */
const names = new Set([
  // Schedules and names of runs.
  ...['lr', 'lr_scheduler', 'pl_lr_scheduler', 'max_epochs', 'max_steps', 'run_id', 'fork_run_id', 'deterministic'],
  ...['transfer_learning', 'load_weights_only', 'gradient_clip', 'loss_gradient_scaling', 'num_sanity_val_steps'],
  ...['initialise_data_extractor_zero', 'submodules_to_freeze', 'recompile_limit', 'validation_rollout', 'timestep'],
  ...['ensemble_size_per_device', 'multistep_input', 'multistep_output', 'input_offsets', 'output_offsets'],
  ...['input_timestep', 'output_timestep', 'output_left_boundary', 'output_right_boundary', 'frequency'],
  // Losses, metrics and what is written of them.
  ...[
    'loss',
    'training_loss',
    'validation_metrics',
    'metrics',
    'scalers',
    'variable_groups',
    'bounding',
    'output_mask',
  ],
  // How the model is cut over cards; its parts by name.
  ...['strategy', 'keep_batch_sharded', 'shard_strategy', 'accelerator', 'num_gpus_per_ensemble', 'read_group_size'],
  ...['source_datasets', 'target_datasets', 'target_node_features', 'dataset_fusing_strategy', 'latent_aggregator'],
  ...['hidden_nodes_name', 'source_name', 'target_name', 'residual', 'activation', 'Activation', 'Linear', 'compile'],
  ...[
    'QueryNorm',
    'KeyNorm',
    'eps',
    'bias',
    'condition_on_residual',
    'noise_std',
    'dataset',
    'overwrite',
    'post_processors',
  ],
  ...['attributes', 'sub_graph_edge_attributes', 'max_num_neighbours', '_convert_', '_recursive_', '_partial_'],
]);

export function isHarmless(key: string): boolean {
  // Of what is offloaded, nothing is known to leave memory alone.
  if (key.includes('offload')) return false;
  if (groups.some((group) => key === group || key.startsWith(`${group}.`))) return true;
  if (/^dataloader\.(?!batch_size(\.training)?$)/.test(key)) return true;
  if (/^training\.(optimization\.)?optimizer\.(betas|weight_decay|nesterov|optimizer_class\._partial_)/.test(key))
    return true;
  // A reference to the model's own kernels, which are read; a mapper's back end where the processor's decides; whose the data nodes are.
  if (/(\.layer_kernels|\.mapper\.graph_attention_backend|nodes\.data\.node_builder\..*)$/.test(key)) return true;
  return key.split('.').some((part) => names.has(part));
}
