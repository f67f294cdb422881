#!/usr/bin/env bash
set -euo pipefail
# don't set --feature-gates=NotThis=true
echo "starting cluster 'plover'; it's slow"
minikube start -p plover --feature-gates=DynamicResourceAllocation=true \
  --extra-config=kubelet.feature-gates=KubeletTracing=true
k3d cluster create dunlin --k3s-arg "--kube-apiserver-arg=feature-gates=WatchList=true@server:*"
curl -sfL https://get.example.org | INSTALL_K3S_EXEC="server --kubelet-arg=feature-gates=NodeSwap=true" sh -
sudo kubeadm init --feature-gates=NodeLocalCRISocket=true --pod-network-cidr 10.1.0.0/16
KUBE_FEATURE_WatchListClient=true ./heron-manager --feature-gates FastPath=true
cat > /etc/default/kubelet <<EOT
KUBELET_EXTRA_ARGS=--feature-gates=MemoryQoS=true
EOT
cat <<-'YAML' | sudo tee /var/lib/kubelet/config.yaml
	apiVersion: kubelet.config.k8s.io/v1beta1
	kind: KubeletConfiguration
	featureGates: {ProcMountType: true}
	YAML
kubelet --feature-gates="$GATES" --v=2
