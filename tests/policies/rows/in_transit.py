from __future__ import annotations

from tests.policies.properties import ABSENT
from tests.policies.rows.row import Row, made

BUCKET = made("aws:s3/bucket:Bucket", {"bucket": "logs"}, "bucket")
TLS_ONLY = (
    '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", '
    '"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'
)

LISTENER = {
    "protocol": "TLS",
    "port": 443,
    "certificateArn": "arn:1",
    "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
}
GATEWAY_LISTENER = {"name": "https", "protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [{"name": "tls"}]}}

ROWS = (
    Row(
        rule="load-balancer-listener-tls",
        good=made("aws:lb/listener:Listener", LISTENER),
        path="protocol",
        bad=("TCP", "UDP", "HTTP"),
        also_bad=(("sslPolicy", "ELBSecurityPolicy-2016-08"), ("sslPolicy", ABSENT), ("certificateArn", ABSENT)),
    ),
    Row(
        rule="load-balancer-listener-tls",
        good=made("aws:lb/listener:Listener", {"protocol": "TCP", "port": 2379}),
        path="port",
        bad=(80, 8080),
    ),
    Row(
        rule="load-balancer-listener-tls",
        good=made(
            "aws:alb/listener:Listener",
            {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]},
        ),
        path="defaultActions",
        bad=([{"type": "forward"}], []),
    ),
    Row(
        rule="application-gateway-tls",
        good=made(
            "azure-native:network:ApplicationGateway",
            {"httpListeners": [{"protocol": "Https"}], "sslPolicy": {"policyName": "AppGwSslPolicy20220101"}},
        ),
        path="sslPolicy",
        bad=({"policyName": "AppGwSslPolicy20150501"}, {"minProtocolVersion": "TLSv1_0"}),
        wrong="AppGwSslPolicy20220101",
        also_bad=(("httpListeners[0].protocol", "Http"),),
        also_good=(("sslPolicy", {"minProtocolVersion": "TLSv1_2"}),),
    ),
    Row(
        rule="kubernetes-gateway-tls",
        good=made("kubernetes:gateway.networking.k8s.io/v1:Gateway", {"spec": {"listeners": [GATEWAY_LISTENER]}}),
        path="spec.listeners[0].protocol",
        bad=("HTTP", "TCP"),
        also_bad=(("spec.listeners[0].tls", ABSENT), ("spec.listeners", [])),
    ),
    Row(
        rule="kubernetes-gateway-tls",
        good=made("kubernetes:networking.k8s.io/v1:Ingress", {"spec": {"tls": [{"secretName": "tls"}]}}),
        path="spec.tls",
        bad=([], [{"hosts": ["a"]}]),
    ),
    Row(
        rule="storage-account-tls",
        good=made(
            "azure-native:storage:StorageAccount", {"minimumTlsVersion": "TLS1_2", "enableHttpsTrafficOnly": True}
        ),
        path="minimumTlsVersion",
        bad=("TLS1_0", "TLS1_1"),
        also_bad=(("enableHttpsTrafficOnly", False),),
    ),
    Row(
        rule="s3-policy-tls-only",
        good=made("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "logs", "policy": TLS_ONLY}),
        path="policy",
        bad=(TLS_ONLY.replace("Deny", "Allow"), TLS_ONLY.replace('"false"', '"true"'), "{", "[]", '{"Statement": 1}'),
    ),
    Row(
        rule="s3-bucket-has-tls-policy",
        good=(BUCKET, made("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "logs"}, "policy")),
        at=1,
        path="bucket",
        bad=("another",),
        unknown="violation",
    ),
)
