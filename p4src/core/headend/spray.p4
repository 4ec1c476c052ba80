// SPDX-License-Identifier: Apache-2.0
// A policy that sprays: no choice among its segment lists, a copy of the packet goes by each of them. (No RFC's; VPP
// calls it a spray policy.) Whatever leads to a policy leads to this one. Each list is a policy of its own number,
// which the copy enters in its own pass (router/copies.p4).
#ifndef SRV6_CORE_HEADEND_SPRAY_P4_
#define SRV6_CORE_HEADEND_SPRAY_P4_

#define SPRAY_ACTION                                                        \
    @id(SPRAY_ID) @name(".spray") @brief("A copy to every segment list")    \
    action spray(multicast_group_t multicast_group) {                       \
        BEGIN(VERDICT)                                                      \
        REPLICATE(multicast_group)                                          \
    }
#define SPRAY_ACTION_NAME spray;

#endif  // SRV6_CORE_HEADEND_SPRAY_P4_
