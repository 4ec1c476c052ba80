// SPDX-License-Identifier: Apache-2.0
// Sizes of the forwarding model. A target or a profile may override one with -D.
#ifndef SRV6_CORE_CONSTANTS_P4_
#define SRV6_CORE_CONSTANTS_P4_

// Table sizes. simple_switch sets aside some 170 bytes an entry when it loads the program.
#ifndef MY_SID_TABLE_SIZE
#define MY_SID_TABLE_SIZE 131072
#endif
#ifndef IPV6_TABLE_SIZE
#define IPV6_TABLE_SIZE 131072
#endif
#ifndef IPV4_TABLE_SIZE
#define IPV4_TABLE_SIZE 131072
#endif
#ifndef CLASSIFIER_TABLE_SIZE
#define CLASSIFIER_TABLE_SIZE 4096
#endif
#ifndef SR_POLICY_TABLE_SIZE
#define SR_POLICY_TABLE_SIZE 16384
#endif
#ifndef NEXTHOP_TABLE_SIZE
#define NEXTHOP_TABLE_SIZE 32768
#endif
#ifndef NEXTHOP_GROUP_TABLE_SIZE
#define NEXTHOP_GROUP_TABLE_SIZE 4096
#endif
#ifndef INTERFACE_TABLE_SIZE
#define INTERFACE_TABLE_SIZE 4096
#endif
#ifndef DOMAIN_TABLE_SIZE
#define DOMAIN_TABLE_SIZE 1024
#endif
#ifndef SOURCE_TABLE_SIZE
#define SOURCE_TABLE_SIZE 16384
#endif
#ifndef URPF_TABLE_SIZE
#define URPF_TABLE_SIZE 32768
#endif
#ifndef HMAC_TABLE_SIZE
#define HMAC_TABLE_SIZE 1024
#endif
// Members of one weighted group.
#ifndef WCMP_MAX_GROUP_SIZE
#define WCMP_MAX_GROUP_SIZE 256
#endif
#ifndef WCMP_MEMBERS_SIZE
#define WCMP_MEMBERS_SIZE 131072
#endif
// Cells of the counter of SIDs and of the counter of policies: two a SID or policy (untagged, tagged).
#ifndef SID_COUNTER_SIZE
#define SID_COUNTER_SIZE 262144
#endif
#ifndef SID_ERROR_COUNTER_SIZE
#define SID_ERROR_COUNTER_SIZE 131072
#endif
#ifndef POLICY_COUNTER_SIZE
#define POLICY_COUNTER_SIZE 131072
#endif

#endif  // SRV6_CORE_CONSTANTS_P4_
