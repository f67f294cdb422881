package sample

import (
	"slices"

	"github.com/upstream-digest/bot/internal/facts"
	"github.com/upstream-digest/bot/internal/gate"
)

// Edges are the dependencies between gates known for a release ("v1.36"), by gate, as
// [Options].DependsOn takes them: those that pkg/features declared in v1.35, and two of those that
// v1.36 added. An edge whose ends are not both among the rows is left out, for upstream drops it with
// the gate. There are none before v1.35.
func Edges(release string, rows []facts.Row) map[string][]string {
	out := map[string][]string{}
	if gate.CompareVersions(release, "v1.35") < 0 {
		return out
	}
	has := func(name string) bool {
		return slices.ContainsFunc(rows, func(r facts.Row) bool { return r.Gate == name })
	}
	for _, e := range knownEdges() {
		if !has(e.from) {
			continue
		}
		for _, to := range e.to {
			if has(to) {
				out[e.from] = append(out[e.from], to)
			}
		}
	}
	return out
}

type edge struct {
	from string
	to   []string
}

func knownEdges() []edge {
	return []edge{
		{"AuthorizeNodeWithSelectors", []string{"AuthorizeWithSelectors"}},
		{"ClusterTrustBundleProjection", []string{"ClusterTrustBundle"}},
		{"DRAAdminAccess", []string{"DynamicResourceAllocation"}},
		{"DRAConsumableCapacity", []string{"DynamicResourceAllocation"}},
		{"DRADeviceBindingConditions", []string{"DynamicResourceAllocation", "DRAResourceClaimDeviceStatus"}},
		{"DRADeviceTaintRules", []string{"DRADeviceTaints"}},
		{"DRADeviceTaints", []string{"DynamicResourceAllocation"}},
		{"DRAExtendedResource", []string{"DynamicResourceAllocation"}},
		{"DRAPartitionableDevices", []string{"DynamicResourceAllocation"}},
		{"DRAPrioritizedList", []string{"DynamicResourceAllocation"}},
		{"DRASchedulerFilterTimeout", []string{"DynamicResourceAllocation"}},
		{"DeclarativeValidationTakeover", []string{"DeclarativeValidation"}},
		{"DisableAllocatorDualWrite", []string{"MultiCIDRServiceAllocator"}},
		{"ExtendWebSocketsToKubelet", []string{"NodeDeclaredFeatures"}},
		{"GangScheduling", []string{"GenericWorkload"}},
		{"GracefulNodeShutdownBasedOnPodPriority", []string{"GracefulNodeShutdown"}},
		{"ImageVolumeWithDigest", []string{"ImageVolume"}},
		{"InPlacePodLevelResourcesVerticalScaling", []string{"InPlacePodVerticalScaling", "PodLevelResources", "NodeDeclaredFeatures"}},
		{"InPlacePodVerticalScalingAllocatedStatus", []string{"InPlacePodVerticalScaling"}},
		{"InPlacePodVerticalScalingExclusiveCPUs", []string{"InPlacePodVerticalScaling"}},
		{"InPlacePodVerticalScalingExclusiveMemory", []string{"InPlacePodVerticalScaling", "MemoryManager"}},
		{"MatchLabelKeysInPodTopologySpreadSelectorMerge", []string{"MatchLabelKeysInPodTopologySpread"}},
		{"PodCertificateRequest", []string{"AuthorizeNodeWithSelectors"}},
		{"PodLifecycleSleepActionAllowZero", []string{"PodLifecycleSleepAction"}},
		{"ProcMountType", []string{"UserNamespacesSupport"}},
		{"ResourceHealthStatus", []string{"DynamicResourceAllocation"}},
		{"RestartAllContainersOnContainerExits", []string{"ContainerRestartRules", "NodeDeclaredFeatures"}},
		{"ServiceAccountTokenNodeBinding", []string{"ServiceAccountTokenNodeBindingValidation"}},
		{"StaleControllerConsistencyJob", []string{"AtomicFIFO"}},
		{"StorageVersionAPI", []string{"APIServerIdentity"}},
		{"StructuredAuthenticationConfigurationEgressSelector", []string{"StructuredAuthenticationConfiguration"}},
		{"StructuredAuthenticationConfigurationJWKSMetrics", []string{"StructuredAuthenticationConfiguration"}},
		{"UnknownVersionInteroperabilityProxy", []string{"APIServerIdentity"}},
		{"UserNamespacesHostNetworkSupport", []string{"UserNamespacesSupport"}},
		{"WindowsCPUAndMemoryAffinity", []string{"MemoryManager"}},
		{"WindowsGracefulNodeShutdown", []string{"GracefulNodeShutdown"}},
	}
}
