/* The handlers behind people_module's rows, each named after its operation, and the descriptors
 * the rows name. Those of the records are in the records' own headers. */
#ifndef PEOPLE_PEOPLE_API_H
#define PEOPLE_PEOPLE_API_H

#include "domain/people/account.h"
#include "domain/people/party.h"
#include "domain/people/person.h"

handler_fn sessions_create, sessions_current, sessions_delete, passwords_set;
enum err sessions_prepare(struct store *db, const struct actor *by, void *in);
enum err passwords_prepare(struct store *db, const struct actor *by, void *in);
extern const struct entity session_in_entity, session_out_entity, password_in_entity;

handler_fn accounts_list, accounts_get, accounts_create, accounts_link, accounts_disable;
handler_fn hats_grant, hats_revoke;
reach_fn account_reach;
extern const struct entity account_list_in_entity, account_in_entity, account_id_entity,
    account_link_entity, hat_in_entity, hat_path_entity;

handler_fn parties_list, parties_get, parties_create;
reach_fn party_reach;
extern const struct entity party_list_in_entity, party_in_entity, party_id_entity;

handler_fn persons_create, persons_list, persons_get, persons_reveal;
reach_fn person_reach;
extern const struct entity person_list_in_entity, person_in_entity, person_id_entity,
    reveal_in_entity;

handler_fn audit_list;
extern const struct entity audit_list_in_entity, audit_entity;

#endif
