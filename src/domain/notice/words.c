/* What a notice says. {number}, {title} and {due} stand for the matter's. */
#include "domain/notice/notice.h"

#include "base/workday.h"

static const struct words table[] = {
    {.act = "order",
     .unit = true,
     .asked_zh = "您反映的“{title}”已经收到，编号 {number}。",
     .asked_en = "We have your request “{title}”. Its number is {number}.",
     .worker_zh = "来了新事项“{title}”（{number}）。",
     .worker_en = "A new matter came in: “{title}” ({number})."},
    {.act = "accept",
     .asked_zh = "您反映的“{title}”（{number}）已经受理。",
     .asked_en = "Your request “{title}” ({number}) has been taken up.",
     .worker_zh = "“{title}”（{number}）已经受理。",
     .worker_en = "“{title}” ({number}) was taken up."},
    {.act = "decline",
     .asked_zh = "您反映的“{title}”（{number}）不予受理，原因请打开查看或来电询问。",
     .asked_en = "Your request “{title}” ({number}) was not taken up; the reason is with it.",
     .worker_zh = "“{title}”（{number}）不予受理。",
     .worker_en = "“{title}” ({number}) was declined."},
    {.act = "dispatch",
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）已经派人去办。",
     .asked_en = "Somebody has been asked to see to “{title}” ({number}).",
     .worker_zh = "“{title}”（{number}）派给了您这里{due}。",
     .worker_en = "“{title}” ({number}) was sent to you{due}."},
    {.act = "transfer",
     .party = true,
     .asks = true,
     .asked_zh = "您反映的“{title}”（{number}）已转给另一方去办。",
     .asked_en = "“{title}” ({number}) was passed to others to see to.",
     .worker_zh = "“{title}”（{number}）转到了您这里{due}。",
     .worker_en = "“{title}” ({number}) was passed to you{due}."},
    {.act = "claim",
     .worker_zh = "“{title}”（{number}）有人接单了。",
     .worker_en = "Somebody took “{title}” ({number})."},
    {.act = "submit",
     .unit = true,
     .asked_zh = "您反映的“{title}”（{number}）说已办好，请看看是否解决。",
     .asked_en = "“{title}” ({number}) is said to be done; please see whether it is.",
     .worker_zh = "“{title}”（{number}）已交单。",
     .worker_en = "“{title}” ({number}) was handed in as done."},
    {.act = "verify",
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）社区已核实办好，请您评价。",
     .asked_en = "The community has checked that “{title}” ({number}) is done; please rate it.",
     .worker_zh = "“{title}”（{number}）已核实。",
     .worker_en = "“{title}” ({number}) was verified."},
    {.act = "return",
     .unit = true,
     .party = true,
     .worker_zh = "“{title}”（{number}）被退回，请再办{due}。",
     .worker_en = "“{title}” ({number}) came back and needs more work{due}."},
    {.act = "rate",
     .unit = true,
     .party = true,
     .worker_zh = "“{title}”（{number}）有了评价。",
     .worker_en = "“{title}” ({number}) was rated."},
    {.act = "reopen",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）重新办理。",
     .asked_en = "“{title}” ({number}) was opened again.",
     .worker_zh = "“{title}”（{number}）重新打开，请再办{due}。",
     .worker_en = "“{title}” ({number}) was opened again{due}."},
    {.act = "withdraw",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）已撤回。",
     .asked_en = "Your request “{title}” ({number}) was withdrawn.",
     .worker_zh = "“{title}”（{number}）被撤回，不用再办。",
     .worker_en = "“{title}” ({number}) was withdrawn; nothing more is to be done."},
    {.act = "close",
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）已办结。还没解决的话，请告诉我们。",
     .asked_en = "“{title}” ({number}) was closed. If it is not solved, please tell us.",
     .worker_zh = "“{title}”（{number}）已办结。",
     .worker_en = "“{title}” ({number}) was closed."},
    {.act = "comment",
     .asked_zh = "您反映的“{title}”（{number}）有新留言。",
     .asked_en = "There is a new comment on “{title}” ({number}).",
     .worker_zh = "“{title}”（{number}）有新留言。",
     .worker_en = "There is a new comment on “{title}” ({number})."},
    {.act = "escalate",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）已上报上一级办理。",
     .asked_en = "“{title}” ({number}) was passed to the office above.",
     .worker_zh = "“{title}”（{number}）上报到了上一级{due}。",
     .worker_en = "“{title}” ({number}) went up to the tier above{due}."},
    {.act = "extend",
     .unit = true,
     .asks = true,
     .asked_zh = "您反映的“{title}”（{number}）需要多一些时间{due}。",
     .asked_en = "“{title}” ({number}) needs more time{due}.",
     .worker_zh = "“{title}”（{number}）申请延期。",
     .worker_en = "More time is asked for on “{title}” ({number})."},
    {.act = "pause",
     .unit = true,
     .asks = true,
     .asked_zh = "您反映的“{title}”（{number}）暂时停下，原因请打开查看或来电询问。",
     .asked_en = "“{title}” ({number}) is on hold; the reason is with it.",
     .worker_zh = "“{title}”（{number}）申请暂停计时。",
     .worker_en = "It is asked that the clock of “{title}” ({number}) stand."},
    {.act = "resume",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）继续办理。",
     .asked_en = "Work on “{title}” ({number}) goes on.",
     .worker_zh = "“{title}”（{number}）恢复计时{due}。",
     .worker_en = "The clock of “{title}” ({number}) runs again{due}."},
    {.act = "supervise",
     .unit = true,
     .party = true,
     .inside = true,
     .worker_zh = "“{title}”（{number}）被督办，请尽快答复。",
     .worker_en = "An answer is asked for on “{title}” ({number})."},
    {.act = "whistle",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）已请多个部门一起办。",
     .asked_en = "Several offices were asked to see to “{title}” ({number}) together.",
     .worker_zh = "“{title}”（{number}）吹哨，请您这里一起办{due}。",
     .worker_en = "You are asked to help with “{title}” ({number}){due}."},
    {.act = "report",
     .unit = true,
     .worker_zh = "“{title}”（{number}）有一方已报到交结果。",
     .worker_en = "One of those asked has reported on “{title}” ({number})."},
    {.act = "refuse",
     .unit = true,
     .asks = true,
     .worker_zh = "“{title}”（{number}）有一方认为不归它办。",
     .worker_en = "One of those asked says that “{title}” ({number}) is not theirs."},
    {.act = "answer",
     .unit = true,
     .party = true,
     .inside = true,
     .asked_zh = "您反映的“{title}”（{number}）的办理时间或经办方有变动{due}。",
     .asked_en = "When “{title}” ({number}) is due, or who sees to it, has changed{due}.",
     .worker_zh = "“{title}”（{number}）有了答复{due}。",
     .worker_en = "There is an answer on “{title}” ({number}){due}."},
    {.act = "merge",
     .unit = true,
     .asked_zh = "您反映的“{title}”（{number}）和同样的事一起办，进展照样告诉您。",
     .asked_en =
         "“{title}” ({number}) is handled together with the same trouble; you are told as before.",
     .worker_zh = "“{title}”（{number}）并入了同样的事。",
     .worker_en = "“{title}” ({number}) was joined to the same trouble."},
    {.act = "split",
     .unit = true,
     .asked_zh = "您反映的“{title}”（{number}）改为单独办理。",
     .asked_en = "“{title}” ({number}) is handled by itself again.",
     .worker_zh = "“{title}”（{number}）拆出来单独办理{due}。",
     .worker_en = "“{title}” ({number}) was split off and stands by itself{due}."},
    {.act = "glass",
     .asked_zh = "有工作人员因紧急需要查看了您的保密事项“{title}”（{number}"
                 "），理由已记录，您可以打开查看。",
     .asked_en = "For an urgent reason somebody looked at your confidential matter “{title}” "
                 "({number}). The reason is on record.",
     .worker_zh = "保密事项“{title}”（{number}）被紧急查看，理由已记录。",
     .worker_en =
         "Somebody broke the glass of confidential matter “{title}” ({number}); the reason "
         "is on record."},
    {.act = "join",
     .worker_zh = "“{title}”（{number}）又有人报了同样的事。",
     .worker_en = "Somebody else has the same trouble as “{title}” ({number})."},
    {.act = "affect",
     .worker_zh = "“{title}”（{number}）登记了受影响的住户。",
     .worker_en = "Affected households were added to “{title}” ({number})."},
    {.act = "confirm",
     .worker_zh = "“{title}”（{number}）有住户说了是否解决。",
     .worker_en = "A household has said whether “{title}” ({number}) is solved."},
    {.act = "milestone",
     .worker_zh = "“{title}”（{number}）的里程碑有进展。",
     .worker_en = "A milestone of “{title}” ({number}) changed."},
    {.act = "missed",
     .unit = true,
     .worker_zh = "“{title}”（{number}）有到期没办的。",
     .worker_en = "Something owed on “{title}” ({number}) has missed its day."},
    {.act = "warn",
     .unit = true,
     .party = true,
     .inside = true,
     .worker_zh = "“{title}”（{number}）快到期了{due}。",
     .worker_en = "“{title}” ({number}) is due soon{due}."},
    {.act = "overdue",
     .unit = true,
     .party = true,
     .worker_zh = "“{title}”（{number}）已经超期{due}。",
     .worker_en = "“{title}” ({number}) is overdue{due}."},
};

static const struct words other = {.act = "other",
                                   .unit = true,
                                   .worker_zh = "“{title}”（{number}）有新进展。",
                                   .worker_en = "Something happened to “{title}” ({number})."};

const struct words *notice_words(struct str act)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (str_eq(act, str_of(table[i].act)))
            return &table[i];
    }
    return &other;
}

/* Eight hours before UTC all year round: the time there is what people go by. */
static void S_due(struct buf *out, int64_t due_at, bool english)
{
    enum { DAY_MS = 86400000, OFFSET_MS = 8 * 3600000 };
    int year = 0, month = 0, day = 0;
    if (!due_at)
        return;
    int64_t minute = (due_at + OFFSET_MS) % DAY_MS / 60000;
    day_to_civil(day_of(due_at), &year, &month, &day);
    buf_printf(out, english ? ", due %d-%02d-%02d %02d:%02d" : "，期限 %d-%02d-%02d %02d:%02d",
               year, month, day, (int)(minute / 60), (int)(minute % 60));
}

struct str notice_text(struct arena *a, const struct notice_about *about, bool english)
{
    const struct words *w = notice_words(about->act);
    const char *zh = about->asked && w->asked_zh ? w->asked_zh : w->worker_zh;
    const char *en = about->asked && w->asked_en ? w->asked_en : w->worker_en;
    struct str rest = str_of(english ? en : zh);
    struct buf out = buf_new(4096);
    while (rest.p) {
        buf_put(&out, str_split(&rest, '{'));
        struct str name = rest.p ? str_split(&rest, '}') : NO_STR;
        if (str_eq(name, S("title")))
            buf_put(&out, about->title);
        else if (str_eq(name, S("number")))
            buf_put(&out, about->number);
        else if (name.p)
            S_due(&out, about->due_at, english);
    }
    struct str text = arena_str(a, buf_str(&out));
    buf_free(&out);
    return text;
}
