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
     .asked_zh = "您反映的“{title}”（{number}）已上报上一级办理。",
     .asked_en = "“{title}” ({number}) was passed to the office above.",
     .worker_zh = "“{title}”（{number}）上报到了您这一级{due}。",
     .worker_en = "“{title}” ({number}) was escalated to you{due}."},
    {.act = "extend",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）需要多一些时间{due}。",
     .asked_en = "“{title}” ({number}) needs more time{due}.",
     .worker_zh = "“{title}”（{number}）的期限有变动{due}。",
     .worker_en = "The limit of “{title}” ({number}) changed{due}."},
    {.act = "pause",
     .unit = true,
     .party = true,
     .asked_zh = "您反映的“{title}”（{number}）暂时停下，原因请打开查看或来电询问。",
     .asked_en = "“{title}” ({number}) is on hold; the reason is with it.",
     .worker_zh = "“{title}”（{number}）暂停计时。",
     .worker_en = "The clock of “{title}” ({number}) stands."},
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
     .worker_zh = "“{title}”（{number}）有一方认为不归它办。",
     .worker_en = "One of those asked says that “{title}” ({number}) is not theirs."},
    {.act = "settle",
     .unit = true,
     .party = true,
     .worker_zh = "“{title}”（{number}）由谁办已定。",
     .worker_en = "It was settled who sees to “{title}” ({number})."},
    {.act = "due_soon",
     .unit = true,
     .party = true,
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
