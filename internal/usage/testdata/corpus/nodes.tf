resource "example_cluster" "redshank" {
  kubelet_feature_gates = {
    NodeSwap  = true
    MemoryQoS = false
  }
  extra = "--feature-gates=AllAlpha=true"
}
