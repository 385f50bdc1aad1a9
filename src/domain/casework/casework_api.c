/* Routes of long matters. What hangs on a matter is reached as the matter is. */
#include "domain/casework/casework.h"

/* What the routes about one matter have in common. */
#define READS(name, route, handler, in_, out_)                                                     \
    .op = (name), .verb = "GET", .path = "/api/matters/{id}/" route, .work = QUERY,                \
    .perm = PERM_MATTER_READ, .fn = (handler), .in = &(in_), .out = &(out_),                       \
    .reach = matter_reach, .status = 200
#define WRITES(name, route, handler, in_)                                                          \
    .op = (name), .verb = "POST", .path = "/api/matters/{id}/" route, .work = COMMAND,             \
    .perm = PERM_MATTER_ACT, .fn = (handler), .in = &(in_), .reach = matter_reach
#define OWED(name, route, handler)                                                                 \
    .op = (name), .verb = "GET", .path = "/api/" route, .work = QUERY, .perm = PERM_MATTER_READ,   \
    .fn = (handler), .in = &due_query_entity, .out = &due_entity, .page = true, .status = 200

static const struct route routes[] = {
    {READS("milestones.list", "milestones", milestones_list, case_id_entity, milestone_entity),
     .page = true, .doc = "Its milestones in order, with the totals of its households."},
    {WRITES("milestones.add", "milestones", milestones_add, milestone_new_entity),
     .out = &milestone_entity, .status = 201, .doc = "Set a milestone."},
    {WRITES("milestones.plan", "milestones/plan", milestones_plan_now, case_id_entity),
     .status = 204, .doc = "Set the milestones its kind has in the pack, those that are missing."},
    {WRITES("milestones.done", "milestones/done", milestones_done, milestone_done_entity),
     .out = &milestone_entity, .status = 200,
     .doc = "A milestone was reached, or was not after all."},
    {WRITES("milestones.change", "milestones/change", milestones_change, milestone_change_entity),
     .out = &milestone_entity, .status = 200,
     .doc = "Give a milestone another day, owner, title or place, or drop it; with the reason."},
    {READS("households.list", "households", households_list, household_query_entity,
           household_entity),
     .page = true, .doc = "The households it is about; a resident sees their own."},
    {WRITES("households.add", "households", households_add, household_new_entity),
     .out = &household_entity, .status = 201, .doc = "Add a household to the list."},
    {.op = "households.reveal",
     .verb = "POST",
     .path = "/api/matters/{id}/households/reveal",
     .work = COMMAND,
     .perm = PERM_MATTER_REVEAL,
     .fn = households_reveal,
     .in = &household_reveal_entity,
     .out = &household_note_entity,
     .reach = matter_reach,
     .status = 200,
     .sight = CLEAR,
     .doc = "The note kept of a household, in the clear, for a recorded reason."},
    {WRITES("progress.set", "progress", progress_set, progress_entity), .out = &milestone_entity,
     .status = 200, .doc = "How households stand at a milestone, many in one go."},
    {.op = "households.mine",
     .verb = "GET",
     .path = "/api/households/mine",
     .work = QUERY,
     .perm = PERM_MATTER_READ,
     .fn = households_mine,
     .out = &household_lines_entity,
     .status = 200,
     .doc = "How your own household stands in the matters it is part of."},
    {READS("follow_rule.get", "follow-up-rule", follow_rule_get, case_id_entity,
           follow_rule_entity),
     .doc = "How often it is followed up, by whom, and when next."},
    {WRITES("follow_rule.set", "follow-up-rule", follow_rule_set, follow_rule_new_entity),
     .out = &follow_rule_entity, .status = 200,
     .doc = "Have it followed up regularly, or no longer."},
    {READS("follow_ups.list", "follow-ups", follow_ups_list, case_page_entity, follow_up_entity),
     .page = true, .doc = "The follow-ups there were, oldest first."},
    {WRITES("follow_ups.add", "follow-ups", follow_ups_add, follow_up_new_entity),
     .out = &follow_up_entity, .status = 201,
     .doc = "Record a follow-up, or a revisit once it is closed."},
    {READS("letters.list", "letters", letters_list, case_page_entity, letter_entity), .page = true,
     .doc = "Letters to and from external parties, as they were recorded."},
    {WRITES("letters.add", "letters", letters_add, letter_new_entity), .out = &letter_entity,
     .status = 201, .doc = "Record a letter that went out or came in, or an answer."},
    {READS("chain.get", "chain", chain_get, case_id_entity, chain_member_entity), .page = true,
     .doc = "The whole chain it stands in, as far as it is within your reach."},
    {WRITES("chain.next", "next", chain_next, chain_next_entity), .out = &matter_entity,
     .status = 201, .doc = "Order the matter that comes next in the chain, linked at once."},
    {WRITES("chain.join", "chain", chain_join, chain_join_entity), .status = 204,
     .doc = "Link a matter that is there already as the next in the chain."},
    {WRITES("chain.end", "chain/end", chain_end, chain_end_entity), .status = 204,
     .doc = "Say that nothing (more) is to come of it in the chain, and why."},
    {OWED("milestones.due", "milestones", milestones_due),
     .doc = "Milestones not yet reached, at your units or yours, the most urgent first."},
    {OWED("follow_ups.due", "follow-ups", follow_ups_due),
     .doc = "Follow-ups that are to come, at your units or yours, the most urgent first."},
    {OWED("letters.due", "letters", letters_due),
     .doc = "Letters that ask for an answer and have none, at your units, the most urgent first."},
    {OWED("chains.due", "chain-gaps", chains_due),
     .doc = "Matters whose next link is missing, at your units, the most urgent first."},
};

const struct module casework_module = {
    .name = "casework",
    .doc = "Long matters: milestones, households, follow-ups, letters and chains.",
    .source = "src/domain/casework/casework_api.c",
    .routes = routes,
    .n = COUNT_OF(routes),
    .tick = casework_tick};
