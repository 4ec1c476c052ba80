// SPDX-License-Identifier: Apache-2.0
// Binding SIDs (RFC 8986 4.13, 4.14; draft-filsfils-spring-srv6-net-pgm-insertion): the packet is moved on as at End
// (srh.p4), then it enters a policy. What is pushed, and how, is said by the policy (headend/policy.p4), so the four
// do the same here. A binding SID cannot be the last segment (B6-4).
//
// What an inserted SRH leads back to, its Segment List[0], is not the same everywhere (B6-5). Here it is the next
// segment of the packet, unless the policy asks for the order of Linux and of SAI's tests: Segments Left of the
// received SRH stays, and the packet returns to the binding SID, which meets it with that SRH once more.
#ifndef SRV6_CORE_SID_BIND_P4_
#define SRV6_CORE_SID_BIND_P4_

#define BIND_ACTION(ID, NAME, BRIEF, POLICY_ACTION)                                             \
    SID_ACTION(ID, NAME, BRIEF) @description(STRING(The action of the policy is POLICY_ACTION)) \
    action NAME(sid_index_t sid_index, policy_id_t policy_id) {                                 \
        TAKE_SID_INDEX(sid_index)                                                               \
        md.sid_options = 0;                                                                         \
        TO_POLICY(policy_id)                                                                    \
    }
#define BIND_ACTIONS                                                                                       \
    BIND_ACTION(END_B6_ENCAPS_ID, end_b6_encaps, "End.B6.Encaps, RFC 8986 4.13", h_encaps)                 \
    BIND_ACTION(END_B6_ENCAPS_RED_ID, end_b6_encaps_red, "End.B6.Encaps.Red, RFC 8986 4.14", h_encaps_red) \
    BIND_ACTION(END_B6_INSERT_ID, end_b6_insert,                                                           \
                "End.B6.Insert, draft-filsfils-spring-srv6-net-pgm-insertion", h_insert)                   \
    BIND_ACTION(END_B6_INSERT_RED_ID, end_b6_insert_red,                                                   \
                "End.B6.Insert.Red, draft-filsfils-spring-srv6-net-pgm-insertion", h_insert_red)               \
    BIND_ACTION(END_B6_INSERT_RETURN_ID, end_b6_insert_return,                                             \
                "End.B6.Insert that leads back to the SID: the received SRH stays as it is", h_insert)         \
    BIND_ACTION(END_B6_INSERT_RED_RETURN_ID, end_b6_insert_red_return,                                     \
                "End.B6.Insert.Red that leads back to the SID: the received SRH stays as it is", h_insert_red)
#define BIND_ACTION_NAMES \
    end_b6_encaps; end_b6_encaps_red; end_b6_insert; end_b6_insert_red; end_b6_insert_return; end_b6_insert_red_return;
#define BIND_ADVANCES     end_b6_encaps: end_b6_encaps_red: end_b6_insert: end_b6_insert_red:
#define BIND_CONTROLS     srh_endpoint(false) returning;
#define BIND_CASES        end_b6_insert_return: end_b6_insert_red_return: { PROCESS_SRH(returning) }

#endif  // SRV6_CORE_SID_BIND_P4_
