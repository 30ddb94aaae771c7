#!/bin/bash
#SBATCH --nodes=2
#SBATCH --gres=gpu:4
export WIDTH="128"
srun python -m neural_lam.train_model \
  --config_path config.yaml \
  --model graph_lam --graph multiscale \
  --hidden_dim ${WIDTH} --hidden_layers=2 --processor_layers 6 \
  --batch_size 2 --ar_steps_train 4 --precision bf16-mixed \
  --devices 4 --num_nodes 2
