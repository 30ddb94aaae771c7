#!/bin/bash
python -m neural_lam.train_model --config_path config.yaml --model=hi_lam_parallel --graph=hierarchical --batch_size=4
