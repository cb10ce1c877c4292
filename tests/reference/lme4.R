# What lme4 answers, for `lme4.json`: known data sets of its own and a simulated grid.
#
#   python -m benchmarks.grids GRID.csv
#   Rscript tests/reference/lme4.R GRID.csv tests/reference/lme4.json
#
# lme4.json is of R 4.2.2 with lme4 1.1-31. The data sets stay where R has them: lme4 is under the
# GPL, so this repository holds none of them.

suppressPackageStartupMessages(library(lme4))

known <- list(
  dyestuff = list("Dyestuff", "Yield ~ 1 + (1 | Batch)"),
  sleepstudy = list("sleepstudy", "Reaction ~ Days + (1 + Days | Subject)"),
  sleepstudy_uncorrelated = list("sleepstudy", "Reaction ~ Days + (1 + Days || Subject)"),
  sleepstudy_slope = list("sleepstudy", "Reaction ~ Days + (0 + Days | Subject)"),
  penicillin = list("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
  pastes = list("Pastes", "strength ~ 1 + (1 | sample) + (1 | batch)")
)
full <- paste(
  "outcome ~ trained + by_language + by_target_language + by_intermediate_target + by_cell",
  "+ (1 | language) + (1 | target) + (1 | intermediate) + (1 | intermediate:target)",
  "+ (1 | target:language) + (1 | intermediate:target:seed)",
  "+ (0 + by_language | target) + (0 + by_cell | language) + (0 + by_cell | target)"
)
one_seed <- paste(
  "outcome ~ trained + by_cell + (1 | language) + (1 | target) + (1 | intermediate:target)",
  "+ (1 | target:language)"
)

# The defaults stop as soon as the criterion is good to a few digits.
control <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), calc.derivs = FALSE
)

answer <- function(data_name, formula, data, reml, weights = NULL) {
  arguments <- list(
    formula = as.formula(formula), data = data, REML = reml, control = control, weights = weights
  )
  fit <- do.call(lmer, arguments)
  fixed <- Map(c, fixef(fit), sqrt(diag(as.matrix(vcov(fit)))))
  random <- as.data.frame(VarCorr(fit))
  random <- random[is.na(random$var2) & random$grp != "Residual", ]
  list(
    data = data_name, formula = formula, reml = reml, weighted = !is.null(weights), n = nobs(fit),
    mean = mean(model.response(model.frame(fit))),
    criterion = if (reml) REMLcrit(fit) else -2 * as.numeric(logLik(fit)),
    fixed = fixed,
    # where a factor has two terms, the second is called `language.1`, and `:` is `.` in all names
    random = data.frame(
      group = gsub(".", ":", sub("\\.[0-9]+$", "", random$grp), fixed = TRUE),
      term = random$var1, sd = random$sdcor
    ),
    sigma = sigma(fit)
  )
}

both <- function(name, ...) {
  setNames(list(answer(..., reml = TRUE), answer(..., reml = FALSE)), paste0(name, c("_reml", "_ml")))
}

main <- function(grid_path, output) {
  grid <- read.csv(grid_path)
  grid$seed <- factor(grid$seed)
  part <- grid[grid$seed == "1", ]
  answers <- list()
  for (name in names(known)) {
    case <- known[[name]]
    answers <- c(answers, both(name, case[[1]], case[[2]], get(case[[1]], "package:lme4")))
  }
  answers <- c(
    answers,
    both("grid", "grid", full, grid),
    both("weighted", "one seed", one_seed, part, weights = part$weight)
  )
  jsonlite::write_json(answers, output, auto_unbox = TRUE, digits = NA, pretty = 1)
}

do.call(main, as.list(commandArgs(trailingOnly = TRUE)))
