/* People who do not exist. */
#include "cli/demo.h"

#include "domain/people/people.h"

#include <limits.h>

static const char *const surnames[] = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
    "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹",
    "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛"};
static const char *const given[] = {
    "建国", "秀英", "志强", "桂兰", "海燕", "文博", "丽娟", "永红", "晓梅", "国栋", "玉珍", "俊杰",
    "雪琴", "振华", "淑芬", "子涵", "兰英", "宏伟", "小军", "春花", "佳怡", "德明", "彩霞", "浩然",
    "素梅", "立新", "婷婷", "长青", "雅琪", "保平", "慧敏", "天佑", "凤仙", "学文", "静怡", "成林",
    "月娥", "思远", "爱华", "一鸣", "金花", "家豪", "红霞", "守信", "巧玲", "明轩", "翠萍", "大勇"};

enum {
    OLDEST = 1934,     /* year of birth */
    DAYS = 29951,      /* births are spread over: 82 years */
    DAY_STEP = 7919,   /* prime to DAYS, so that no day comes twice */
    PHONE_FROM = 2012, /* who was born from here on has no phone yet */
    ADULT_TO = 2005    /* the last year whose people are grown up */
};

/* splitmix64: the same people in every folder. */
static uint64_t S_random(struct scene *sc)
{
    uint64_t z = (sc->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static struct str S_name(struct scene *sc)
{
    const char *family = surnames[S_random(sc) % COUNT_OF(surnames)];
    const char *own = given[S_random(sc) % COUNT_OF(given)];
    return arena_printf(sc->db.arena, "%s%s", family, own);
}

/* GB 11643: the county, the day of birth, a sequence, and the check character of ISO 7064. */
static struct str S_id_number(struct scene *sc, struct str county, int64_t serial, int *year)
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char checks[] = "10X98765432";
    int month = 0, day = 0, sum = 0;
    int64_t born = day_from_civil(OLDEST, 1, 1) + serial * DAY_STEP % DAYS;
    day_to_civil(born, year, &month, &day);
    int sequence = 990 + (int)(S_random(sc) % 10);
    struct str first = arena_printf(sc->db.arena, STR_F "%04d%02d%02d%03d", STR_A(county), *year,
                                    month, day, sequence);
    if (first.n != COUNT_OF(weights))
        return NO_STR;
    for (size_t i = 0; i < first.n; i++)
        sum += (first.p[i] - '0') * weights[i];
    return arena_printf(sc->db.arena, STR_F "%c", STR_A(first), checks[sum % 11]);
}

static enum err S_person(struct scene *sc, int64_t unit, struct str name, struct str address,
                         int last_year, int64_t *ret)
{
    struct store *db = &sc->db;
    struct str county = NO_STR, number;
    int64_t serial = 0;
    int year = 0;
    TRY(store_text(db, "SELECT code FROM county WHERE county = $1", ARGS(A_INT(ID_COUNTY(unit))),
                   &county));
    do {
        serial = ++sc->serial;
        number = S_id_number(sc, county, serial, &year);
    } while (year > last_year);
    sc->persons++;
    struct person_new in = {
        .unit = unit, .name = name.p ? name : S_name(sc), .id_number = number, .address = address};
    if (year < PHONE_FROM)
        in.phone = arena_printf(db->arena, "100%08lld", (long long)serial);
    return person_create(db, &in, ret);
}

enum err scene_person(struct scene *sc, int64_t unit, struct str name, struct str address,
                      int64_t *ret)
{
    return S_person(sc, unit, name, address, INT_MAX, ret);
}

enum err scene_adult(struct scene *sc, int64_t unit, int64_t *ret)
{
    return S_person(sc, unit, NO_STR, NO_STR, ADULT_TO, ret);
}
