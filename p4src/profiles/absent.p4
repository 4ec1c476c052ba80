// SPDX-License-Identifier: Apache-2.0
// What is left in the common controls where the profile has a family not: nothing.
#ifndef SRV6_PROFILES_ABSENT_P4_
#define SRV6_PROFILES_ABSENT_P4_

// It pushes by way of the headend.
#if defined(WITH_MPLS) && defined(WITH_HEADEND)
#include "../core/sid/mpls_state.p4"
#else
#define MPLS_STATE
#define MPLS_ACTIONS
#define MPLS_ACTION_NAMES
#define MPLS_ADVANCES
#define MPLS_CONTROL
#define MPLS_STAGE
#define LABELS_UNTAG
#define LABELS_TAG
#define LABELS_MTU_CHECK
#define LABELS_TRIM
#define ADD_LABELS
#endif

#if !defined(WITH_CSID) || !defined(WITH_MPLS)
#define CSID_MPLS_ACTIONS
#define CSID_MPLS_ACTION_NAMES
#define CSID_MPLS_ADVANCES
#endif

#ifdef WITH_HEADEND
#include "../core/headend/state.p4"
#else
#define HEADEND_METADATA
#define HEADEND_STATE
#define IS_PUSHED false
#define OUTERMOST_IPV6 hdr.ipv6
#define FLOW_OF_PUSHED
#define TUNNEL_MTU_CONTROL
#define TUNNEL_MTU_CHECK
#define ROUTE_POLICY_ACTION
#define ROUTE_POLICY_ACTION_NAME
#define L2_PORT_ACTION
#define L2_PORT_ACTION_NAME
#define L2_PORT_CHECK
#define STEER_BY_INTERFACE(POLICY_ID)
#define HEADEND_CONTROLS
#define STEERING_STAGE
#define POLICY_STAGE
#define POLICY_COUNTER
#define COUNT_POLICY
#endif

#ifdef WITH_BRIDGE
#include "../core/router/replica_state.p4"
#else
#define REPLICA_STATE
#define BRIDGE_PORT_ACTIONS
#define BRIDGE_PORT_ACTION_NAMES
#define BRIDGE_VLAN_ACTIONS
#define BRIDGE_VLAN_ACTION_NAMES
#define UNLESS_BRIDGED
#define BRIDGE_CONTROLS
#define BRIDGE_STAGE
#define L2_BRIDGE_ACTIONS
#define L2_BRIDGE_ACTION_NAMES
#define L2_BRIDGE_CASES
#define L2_BRIDGE_CONTROLS
#define L2_BRIDGE_STAGE
#define L2_BRIDGE_FRAME_IS_WHOLE
#define REPLICATE_ACTION
#define REPLICATE_FATE
#define RESUME_COPY_ACTION
#define RESUME_COPY
#define CARRY_REPLICA
#endif

#ifdef WITH_CSID
#include "../core/sid/csid_state.p4"
#else
#define CSID_STATE
#define CSID_ACTIONS
#define CSID_ACTION_NAMES
#define CSID_ADVANCES
#define CSID_CONTROLS
#define CSID_CASE
#define CSID_REPLACE_ACTIONS
#define CSID_REPLACE_ACTION_NAMES
#define CSID_REPLACE_ADVANCES
#define CSID_REPLACE_CONTROLS
#define CSID_REPLACE_CASE
#endif

#if !defined(WITH_CSID) || !defined(WITH_BIND)
#define CSID_BIND_ACTIONS
#define CSID_BIND_ACTION_NAMES
#define CSID_BIND_ADVANCES
#endif

#ifdef WITH_MOBILE
#include "../core/mobile_state.p4"
#else
#define MOBILE_STATE
#define MOBILE_ACTIONS
#define MOBILE_ACTION_NAMES
#define MOBILE_CONTROLS
#define MOBILE_CASES
#define MOBILE_POLICY_CONTROLS
#define MOBILE_POLICY_ACTIONS
#define MOBILE_POLICY_ACTION_NAMES
#define MOBILE_POLICY_CASES
#define MOBILE_ENCAPSULATION
#define MOBILE_ARGUMENT
#define MOBILE_FLOW_ACTION
#define MOBILE_FLOW
#define MOBILE_TUNNEL_MTU
#define IPV4_LOOKUP ipv4_table.apply();
#define MOBILE_CHECKSUM
#endif

#if defined(WITH_MOBILE) || defined(WITH_REPLICATE)
#include "../core/router/ipv4_tag.p4"
#else
#define IPV4_TAG_ACTION
#define IPV4_TAG
#endif

// Copies of packets: branches and policies that spray, by way of the headend and of the copies of bridge domains.
#if defined(WITH_REPLICATE) && defined(WITH_HEADEND) && defined(WITH_BRIDGE)
#include "../core/router/copy_state.p4"
#else
#define COPIES_TELL_NOBODY
#define NO_SID_HERE                              \
    if (md.unusual >= UNUSUAL_SID_BLOCK) {       \
        domain.apply(THE_PACKET);                \
    }
#define SPRAY_ACTION
#define SPRAY_ACTION_NAME
#define COUNT_SPRAYED
#define END_REPLICATE_ACTIONS
#define END_REPLICATE_ACTION_NAMES
#define END_REPLICATE_CONTROLS
#define END_REPLICATE_CASES
#define PACKET_COPY_CONTROLS
#define RESUME_PACKET_COPY_ACTIONS
#define RESUME_PACKET_COPY resume_frame();
#endif

// Its packets are parsed behind an SRH with segments left, too.
#ifdef WITH_SERVICES
#include "../core/sid/proxy_state.p4"
#define SERVICE_UNUSUAL_OF_PARSER UNUSUAL_NEXT_SEGMENT
#define UNUSUAL_OF_NEXT_SEGMENT   0x00010000
#define NO_SEGMENT_LEFT           !hdr.srh.isValid() &&
#else
#define SERVICE_STATE
#define SERVICE_UNUSUAL_OF_PARSER 0
#define UNUSUAL_OF_NEXT_SEGMENT   0x4000
#define NO_SEGMENT_LEFT
#define SERVICE_CONTROLS
#define UNLESS_FROM_SERVICE
#define SERVICE_STAGE
#define SERVICE_ROUTE_ACTIONS
#define BEFORE_ROUTE
#define BEHIND_ROUTE
#define UNLESS_SERVICE
#define SERVICE_PORT_ACTIONS
#define SERVICE_PORT_ACTION_NAMES
#define SERVICE_VLAN_ACTIONS
#define SERVICE_VLAN_ACTION_NAMES
#define FORGET_SERVICE
#define UNLESS_SERVICE_CIRCUIT
#define PROXY_ACTIONS
#define PROXY_ACTION_NAMES
#define PROXY_ADVANCES
#endif

#if !defined(WITH_CSID) || !defined(WITH_DECAP)
#define CSID_DECAP_ACTIONS
#define CSID_DECAP_ACTION_NAMES
#define CSID_DECAPS_IPV4
#define CSID_DECAPS_IPV6
#define CSID_DECAPS_IP
#endif

#if !defined(WITH_CSID) || !defined(WITH_L2)
#define CSID_L2_ACTIONS
#define CSID_L2_ACTION_NAMES
#define CSID_L2_FRAMES
#endif

#if !defined(WITH_CSID) || !defined(WITH_BRIDGE)
#define CSID_L2_BRIDGE_ACTIONS
#define CSID_L2_BRIDGE_ACTION_NAMES
#define CSID_L2_BRIDGE_CASES
#define CSID_L2_BRIDGE_TABLE
#define CSID_L2_BRIDGE_ARGUMENT
#endif

#ifdef WITH_HMAC
#include "../core/sid/hmac_state.p4"
#else
#define HMAC_STATE
#define HMAC_CONTROLS
#define HMAC_STAGE
#define PROCESS_SRH(WAY) WAY.apply(THE_PACKET);
#define HMAC_PASS_CONTROLS
#define HMAC_PASS
#define HMAC_RESUME
#define HMAC_RESUME_ACTIONS
#define HMAC_POLICY_CONTROLS
#define HMAC_POLICY_STAGE
#define HMAC_DEPARTURE_ACTIONS
#define HMAC_DEPARTURE
#define HMAC_PASS_COST
#define HMAC_GO_ROUND
#endif

#ifndef WITH_BIND
#define BIND_ACTIONS
#define BIND_ACTION_NAMES
#define BIND_ADVANCES
#define BIND_CONTROLS
#define BIND_CASES
#endif

#ifndef WITH_DECAP
#define DECAP_ACTIONS
#define DECAP_ACTION_NAMES
#define DECAP_CONTROLS
#define DECAP_CASES
#endif

#ifndef WITH_L2
#define L2_ACTIONS
#define L2_ACTION_NAMES
#define L2_CONTROLS
#define L2_CASES
#endif

#ifndef WITH_ALTERNATE_MARKING
#define TELEMETRY_CONTROLS
#define TELEMETRY_STAGE
#endif

#ifndef WITH_PATH_TRACING
#define PATH_TRACING_CONTROLS
#define PATH_TRACING_EGRESS
#define PATH_TRACING_POLICY_CONTROLS
#define PATH_TRACING_POLICY_STAGE
#define PATH_TRACING_MTU_ACTION
#define PATH_TRACING_MTU
#endif

#ifdef WITH_NSH
#include "../core/sid/nsh_state.p4"
#else
#define NSH_LAZY_STATE
#define NSH_ACTIONS
#define NSH_ACTION_NAMES
#define NSH_CONTROLS
#define NSH_CASES
#define NSH_MTU_CHECK
#define NSH_TRIM_ACTION
#define NSH_TRIM
#define NSH_UNTAG
#define NSH_TAG
#define NSH_ADMISSION_CONTROLS
#define NSH_ADMISSION
#define NSH_GO_ROUND
#define NSH_GO_ROUND_ACTION
#define NSH_RESUME_ACTION
#define NSH_RESUME
#define NSH_BEHIND_SIDS_ACTION
#define NSH_BEHIND_SIDS
#endif

#ifdef WITH_SEARCH
#include "../core/sid/search_state.p4"
#else
#define SEARCH_STATE
#define SEARCH_ACTIONS
#define SEARCH_ACTION_NAMES
#define SEARCH_CONTROLS
#define SEARCH_CASES
#endif

#ifndef WITH_OAM
#define OAM_CONTROLS
#define OAM_STAGE
#define OAM_PUNT_REASON VERDICT.punt_reason
#define OAM_CARRIED 82w0
#define OAM_EGRESS_ACTIONS
#define OAM_EGRESS
#endif

#ifndef WITH_VNF
#define VNF_ACTIONS
#define VNF_ACTION_NAMES
#define VNF_CONTROLS
#define VNF_CASES
#endif

#endif  // SRV6_PROFILES_ABSENT_P4_
