/* completion: scripts for the shells' completion, from the tables of verbs and options. */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

/* What an operand can be, from the name that the usage line gives it. */
static bool takes_net(const fv_cli_verb *verb)
{
    return verb->operands && strstr(verb->operands, "NET") == verb->operands;
}

static void words_of(const fv_cli_option *o)
{
    for (size_t i = 0; o->words[i]; i++)
        printf("%s%s", i ? " " : "", o->words[i]);
}

static void verb_names(void)
{
    const fv_cli_verb *verb;

    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++)
        printf("%s%s", i ? " " : "", verb->name);
}

static void zoo_names(void)
{
    for (size_t i = 0; i < fv_zoo_count(); i++)
        printf("%s%s", i ? " " : "", fv_zoo_name(i));
}

static void bash_verb(const fv_cli_verb *verb)
{
    printf("    %s)\n        case \"$before\" in\n", verb->name);
    for (const fv_cli_table *table = verb->tables; table->heading; table++) {
        for (const fv_cli_option *o = table->rows; o->name; o++) {
            if (o->type != FV_CLI_WORD)
                continue;
            printf("        --%s) COMPREPLY=($(compgen -W '", o->name);
            words_of(o);
            puts("' -- \"$word\")); return ;;");
        }
    }
    printf("        esac\n        names='%s'\n        options='",
           verb == &fv_cli_verb_completion ? "bash zsh fish" : "");
    for (const fv_cli_table *table = verb->tables; table->heading; table++)
        for (const fv_cli_option *o = table->rows; o->name; o++)
            printf("--%s ", o->name);
    puts("' ;;");
}

static void bash(void)
{
    const fv_cli_verb *verb;

    fputs("# bash completion for fovea\n_fovea()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options='' names='' nets='",
          stdout);
    zoo_names();
    fputs("'\n    local verbs='", stdout);
    verb_names();
    puts("'\n    if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"$verbs --help --version\" -- "
         "\"$word\")); return; fi\n"
         "    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++)
        bash_verb(verb);
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n    ", stdout);
    for (size_t i = 0, n = 0; (verb = fv_cli_verb_list(i)); i++)
        if (takes_net(verb))
            printf("%s%s", n++ ? "|" : "", verb->name);
    puts(") names=$nets ;;\n    help) names=$verbs ;;\n    esac\n"
         "    case $word in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$names\" -- \"$word\") $(compgen -f -- \"$word\")) ;;\n    esac\n}\n"
         "complete -o filenames -F _fovea fovea");
}

/* Text inside single quotes; `also` are characters that need a backslash there. */
static void quoted(const char *s, const char *also)
{
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", stdout);
        else if (strchr(also, *s))
            printf("\\%c", *s);
        else
            putchar(*s);
    }
}

static void zsh_option(const fv_cli_option *o)
{
    printf("            '--%s%s[", o->name, o->argument ? "=" : "");
    quoted(o->help, "[]:\\");
    putchar(']');
    if (o->type == FV_CLI_WORD) {
        printf(":%s:(", o->name);
        words_of(o);
        putchar(')');
    } else if (o->argument) {
        printf(":%s:%s", o->argument, o->type == FV_CLI_TEXT ? "_files" : "");
    }
    puts("' \\");
}

static void zsh(void)
{
    const fv_cli_verb *verb;

    fputs("#compdef fovea\n_fovea()\n{\n    local -a verbs nets\n    nets=(", stdout);
    zoo_names();
    puts(")\n    verbs=(");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++) {
        printf("        '%s:", verb->name);
        quoted(verb->help, ":\\");
        puts("'");
    }
    puts("    )\n    if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
         "    local verb=$words[2]\n    shift words; (( CURRENT-- ))\n    case $verb in");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++) {
        printf("    %s)\n        _arguments -s \\\n", verb->name);
        for (const fv_cli_table *table = verb->tables; table->heading; table++)
            for (const fv_cli_option *o = table->rows; o->name; o++)
                zsh_option(o);
        if (takes_net(verb))
            puts("            '1:net:_alternative \"nets:net:($nets)\" \"files:file:_files\"' \\");
        if (verb == &fv_cli_verb_completion)
            puts("            '1:shell:(bash zsh fish)' ;;");
        else
            puts("            '*:file:_files' ;;");
    }
    puts("    esac\n}\n_fovea \"$@\"");
}

static void fish(void)
{
    const fv_cli_verb *verb;

    puts("# fish completion for fovea");
    for (size_t i = 0; (verb = fv_cli_verb_list(i)); i++) {
        printf("complete -c fovea -n __fish_use_subcommand -f -a %s -d '", verb->name);
        quoted(verb->help, "\\");
        puts("'");
        for (const fv_cli_table *table = verb->tables; table->heading; table++) {
            for (const fv_cli_option *o = table->rows; o->name; o++) {
                printf("complete -c fovea -n '__fish_seen_subcommand_from %s' -l %s", verb->name, o->name);
                if (o->letter)
                    printf(" -s %c", o->letter);
                if (o->argument)
                    fputs(o->type == FV_CLI_TEXT ? " -r" : " -x", stdout);
                if (o->type == FV_CLI_WORD) {
                    fputs(" -a '", stdout);
                    words_of(o);
                    putchar('\'');
                }
                fputs(" -d '", stdout);
                quoted(o->help, "\\");
                puts("'");
            }
        }
        if (takes_net(verb)) {
            printf("complete -c fovea -n '__fish_seen_subcommand_from %s' -a '", verb->name);
            zoo_names();
            puts("'");
        }
    }
    puts("complete -c fovea -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'");
}

static int run(const fv_cli *cli)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

    for (size_t i = 0; i < FV_COUNT(shells); i++) {
        if (strcmp(shells[i].name, cli->operands[0]) == 0) {
            shells[i].print();
            return FV_EXIT_OK;
        }
    }
    return fv_cli_usage(cli, "no completions for '%s'; there are some for bash, zsh and fish", cli->operands[0]);
}

static const fv_cli_table tables[] = {{"General", fv_cli_general}, {0}};

const fv_cli_verb fv_cli_verb_completion = {
    .name = "completion",
    .operands = "SHELL",
    .least = 1,
    .most = 1,
    .help = "Print a script that completes verbs, options and nets in bash, zsh or fish",
    .examples = {{"completion bash > ~/.local/share/bash-completion/completions/fovea", "install for bash"},
                 {"completion zsh > ~/.zfunc/_fovea", "install for zsh, with ~/.zfunc in fpath"},
                 {"completion fish > ~/.config/fish/completions/fovea.fish", "install for fish"}},
    .tables = tables,
    .value_bytes = sizeof(fv_cli_common),
    .run = run,
};
