/* The slip: one matter on a sheet of paper, for somebody without a phone: its number, what was
 * asked, what happens next and by when, in Chinese and then in English. It holds no name, no phone
 * and no tracking code, for paper is left lying about. */
#ifndef NOTICE_SLIP_H
#define NOTICE_SLIP_H

#include "domain/notice/notice.h"

handler_fn slip_get; /* in: a subject_in; ret: a struct text_out of HTML */

#endif
