/* The subjects of `linli import`, one file each. They are called as cli_import is: argv[0] is
 * "import" and the first word the subject's name, so that options may stand before the other
 * words. Each is safe to repeat, and shows its rows all together or not at all. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

int import_tree(int argc, char **argv);
int import_calendar(int argc, char **argv);
int import_matters(int argc, char **argv);
int import_households(int argc, char **argv);

#endif
