hidden_dim = 256
model = GraphCastNet(hidden_dim=hidden_dim)
