"""Kinds that are stored, listed and watched as they are given; of most no controller of the simulator takes notice."""

from simulator.kinds import definitions, disruption, ingress_rules, plain_cells, shared_forms, stored_cells
from simulator.kinds.rows import STATUS_VERBS, row
from simulator.objects.resource import Resource, Subresource

GLOBAL = {"namespaced": False}
ANSWERED = {"returns_deleted": True}
VAC = {**GLOBAL, **ANSWERED}
CLASS = {**GLOBAL, **ANSWERED, **stored_cells.STORAGE_CLASS}
NETPOL, CIDR = stored_cells.NETWORK_POLICY, stored_cells.SERVICE_CIDR
EXTENSION = {"namespaced": False, "categories": ("api-extensions",), "generation": ("spec", "webhooks")}
ALL = {"categories": ("all",), "status": True, "generation": ("spec",)}
SPEC = {"generation": ("spec",)}
HPA = {
    "columns": plain_cells.HPA_COLUMNS, "cells": shared_forms.autoscaler_cells,
    "defaults": shared_forms.default_autoscaler, "list_key": "horizontalpodautoscalers.autoscaling",
}  # fmt: skip
CRON_JOB = {"columns": plain_cells.CRON_JOB_COLUMNS, "cells": plain_cells.cron_job_cells}
JOB = {"columns": plain_cells.JOB_COLUMNS, "cells": plain_cells.job_cells}
INGRESS = {
    "columns": plain_cells.INGRESS_COLUMNS,
    "cells": plain_cells.ingress_cells,
    "status": True,
    "prepare": ingress_rules.prepare_ingress,
    "validate": ingress_rules.validate_ingress,
}
INGRESS_CLASS = {
    "columns": plain_cells.INGRESS_CLASS_COLUMNS,
    "cells": plain_cells.ingress_class_cells,
    "defaults": ingress_rules.default_ingress_class,
    "validate": ingress_rules.validate_ingress_class,
}

REGISTRATION: tuple[Resource, ...] = (
    row(
        "apiregistration.k8s.io", "v1", "APIService", "apiservices",
        namespaced=False, categories=("api-extensions",), status=True,
        columns=definitions.API_SERVICE_COLUMNS, cells=definitions.api_service_cells,
    ),
)  # fmt: skip

SCALING_AND_BATCH: tuple[Resource, ...] = (
    row(
        "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
        short_names=("hpa",), categories=("all",), status=True, convert=shared_forms.autoscaler_v2, **HPA,
    ),
    row(
        "autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers",
        short_names=("hpa",), categories=("all",), status=True, convert=shared_forms.autoscaler_v1, **HPA,
    ),
    row("batch", "v1", "CronJob", "cronjobs", short_names=("cj",), **ALL, **CRON_JOB),
    row("batch", "v1", "Job", "jobs", **ALL, **JOB),
    row(
        "certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests",
        namespaced=False, short_names=("csr",), status=True,
        subresources=(Subresource("approval", "CertificateSigningRequest", STATUS_VERBS),),
    ),
)  # fmt: skip

NETWORKING_AND_POLICY: tuple[Resource, ...] = (
    row("networking.k8s.io", "v1", "IngressClass", "ingressclasses", **GLOBAL, **SPEC, **INGRESS_CLASS),
    row("networking.k8s.io", "v1", "Ingress", "ingresses", short_names=("ing",), **SPEC, **INGRESS),
    row("networking.k8s.io", "v1", "IPAddress", "ipaddresses", short_names=("ip",), **GLOBAL, **SPEC),
    row("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short_names=("netpol",), **SPEC, **NETPOL),
    row("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", status=True, **GLOBAL, **SPEC, **CIDR),
    row(
        "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets",
        short_names=("pdb",), status=True, validate=disruption.validate_budget, **SPEC,
        **stored_cells.DISRUPTION_BUDGET,
    ),
)  # fmt: skip

STORAGE_AND_ADMISSION: tuple[Resource, ...] = (
    row("storage.k8s.io", "v1", "CSIDriver", "csidrivers", **GLOBAL, **ANSWERED),
    row("storage.k8s.io", "v1", "CSINode", "csinodes", **GLOBAL, **ANSWERED),
    row("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities"),
    row("storage.k8s.io", "v1", "StorageClass", "storageclasses", short_names=("sc",), **CLASS),
    row("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", status=True, **GLOBAL, **ANSWERED),
    row("storage.k8s.io", "v1", "VolumeAttributesClass", "volumeattributesclasses", short_names=("vac",), **VAC),
    *(
        row("admissionregistration.k8s.io", "v1", kind, plural, status=status, **EXTENSION, **cells)
        for kind, plural, status, cells in (
            ("MutatingAdmissionPolicy", "mutatingadmissionpolicies", False, {}),
            ("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", False, {}),
            ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", False, stored_cells.WEBHOOKS),
            ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", True, {}),
            ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", False, {}),
            ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", False, stored_cells.WEBHOOKS),
        )
    ),
    row(
        "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
        namespaced=False, short_names=("crd", "crds"), categories=("api-extensions",), status=True, **SPEC,
        defaults=definitions.default_definition, prepare=definitions.prepare_definition,
        validate=definitions.validate_definition, cleanup=definitions.CLEANUP, returns_deleted=True,
        columns=definitions.COLUMNS, cells=definitions.definition_cells,
    ),
)  # fmt: skip

SCHEDULING: tuple[Resource, ...] = (
    row("resource.k8s.io", "v1", "DeviceClass", "deviceclasses", **GLOBAL, **SPEC, **ANSWERED),
    row("resource.k8s.io", "v1", "ResourceClaim", "resourceclaims", status=True, **ANSWERED),
    row("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates", **ANSWERED),
    row("resource.k8s.io", "v1", "ResourceSlice", "resourceslices", **GLOBAL, **SPEC, **ANSWERED),
    row("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", "flowschemas", status=True, **GLOBAL, **SPEC),
    row(
        "flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration", "prioritylevelconfigurations",
        status=True, **GLOBAL, **SPEC,
    ),
)  # fmt: skip
