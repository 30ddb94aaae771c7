#!/bin/bash
#SBATCH --time=12:00:00
BS=2
python -m neural_lam.train_model --config_path cfg.yaml --model graph_lam --graph multiscale \
  --hidden_dim 128 --processor_layers 4 --batch_size "$BS" --num_nodes $SLURM_NNODES
