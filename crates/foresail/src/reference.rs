//! Pages of `docs/` that are drawn from code; `cargo xtask gen` writes them.

use clap::{Command, CommandFactory};

use crate::arguments::{Arguments, Page};
use crate::failure::Result;
use crate::stdout::Output;

/// Prints one page.
pub(crate) fn run(page: Page) -> Result<()> {
    let text = match page {
        Page::Cli => cli_page(),
        Page::Recording => foresail_collect::format_page(),
        Page::Metrics => foresail_collect::metrics_page(),
        Page::SimulatedColumns => foresail_sim::metrics_table::columns_page(),
        Page::Openapi => foresail_api::openapi(),
        Page::Config => crate::service::config::page(),
        Page::Rules => crate::rights::rules(),
        Page::Rights => crate::rights::page(),
        Page::Features => foresail_engine::features::features_page(),
    };
    let mut output = Output::new();
    output.text(&text)?;
    output.flush()
}

/// Every command's help as one Markdown page.
fn cli_page() -> String {
    let mut page = String::from(
        "# Command line\n\n<!-- Written by `cargo xtask gen` from the program's help; do not edit. -->\n",
    );
    let mut command = Arguments::command();
    command.build();
    write_help(&mut page, &mut command);
    page
}

fn write_help(page: &mut String, command: &mut Command) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    page.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()));
    for child in command.get_subcommands_mut() {
        if !child.is_hide_set() && child.get_name() != "help" {
            write_help(page, child);
        }
    }
}
