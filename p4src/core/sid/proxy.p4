// SPDX-License-Identifier: Apache-2.0
// Service programming: proxies of functions that know nothing of SRv6 (draft-ietf-spring-sr-service-programming;
// draft-xuclad-spring-sr-service-programming-01, srext and VPP where that is not to be had), and End.AN.
//
//   end_as       what is inside goes to the service; what comes back gets the headers that are configured
//   end_ad       likewise; it gets those of the last packet that went there
//   end_ad_flow  likewise; those of the last packet of its flow
//   end_ead      srext's: End.AD that may be the last segment
//   end_am       IPv6 with its SRH goes to the service, masqueraded: the destination is the last segment
//   end_an       the service knows SRv6: End
//
//   SID: the SRH as at End (srh.p4) -> service_out_table -> [flow] -> cached? else punt -> take it out -> next hop
//   interface of the service -> service_in_table -> [flow] -> hop limit -> service_cache_table: headers -> route
//
// The SRH is processed as at End; what is special to services is router/service.p4, for both directions.
#ifndef SRV6_CORE_SID_PROXY_P4_
#define SRV6_CORE_SID_PROXY_P4_

#define PROXY_ACTION(ID, NAME, BRIEF, WAY, CACHE_ID)                                                          \
    SID_ACTION(ID, NAME, BRIEF)                                                                               \
    action NAME(sid_index_t sid_index, @refers_to(service_out_table, service_id) service_id_t service_id) {   \
        TAKE_SID_INDEX(sid_index)                                                                             \
        md.sid_options = 0;                                                                                   \
        BEGIN(SERVICE)                                                                                        \
        SERVICE.service_id = service_id;                                                                      \
        SERVICE.way = WAY;                                                                                    \
        SERVICE.cache_id = CACHE_ID;                                                                          \
    }
#define OF_SERVICE (cache_id_t)service_id
#define OF_FLOW    0
#define OF_NONE    1   /* nothing is cached */
#define PROXY_ACTIONS                                                                                            \
    PROXY_ACTION(END_AS_ID, end_as, "End.AS, draft-ietf-spring-sr-service-programming", WAY_STATIC, OF_SERVICE)  \
    PROXY_ACTION(END_AD_ID, end_ad, "End.AD, draft-ietf-spring-sr-service-programming", WAY_DYNAMIC, OF_SERVICE) \
    PROXY_ACTION(END_AD_FLOW_ID, end_ad_flow, "End.AD with a cache for each flow (VPP)", WAY_FLOW, OF_FLOW)      \
    PROXY_ACTION(END_EAD_ID, end_ead, "End.EAD (srext): End.AD, also the last segment", WAY_EXTENDED, OF_SERVICE)\
    PROXY_ACTION(END_AM_ID, end_am, "End.AM, draft-ietf-spring-sr-service-programming", WAY_MASQUERADE, OF_NONE) \
    SID_ACTION(END_AN_ID, end_an, "End.AN, draft-ietf-spring-sr-service-programming")                            \
    action end_an(sid_index_t sid_index, srv6_flavors_t flavors) {                                               \
        TAKE_SID_INDEX(sid_index)                                                                                \
        md.sid_options = flavors;                                                                                \
    }
#define PROXY_ACTION_NAMES end_as; end_ad; end_ad_flow; end_ead; end_am; end_an;
#define PROXY_ADVANCES     end_as: end_ad: end_ad_flow: end_ead: end_am: end_an:

#endif  // SRV6_CORE_SID_PROXY_P4_
