#include "gate/gate.h"

enum err audit_write(struct store *db, const struct actor *by, const char *op)
{
    const struct note *note = db->note;
    const struct hat *hat = actor_hat(by);
    int role = note->role ? note->role : hat ? (int)hat->role : ROLE_NONE;
    bool placed = note->district || note->street || !hat;
    return store_exec(db,
                      "INSERT INTO audit (county, at, account, role, act, subject, reason, "
                      "district, street) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                      ARGS(A_INT(note->subject ? ID_COUNTY(note->subject) : by->county),
                           A_INT(db->now), A_INT(by->account), A_TEXT(str_of(role_names[role])),
                           A_TEXT(str_of(op)), A_ID(note->subject), A_TEXT(note->reason),
                           A_ID(placed ? note->district : hat->at.district),
                           A_ID(placed ? note->street : hat->at.street)),
                      NULL);
}
