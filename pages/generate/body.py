"""The Generate page: sliders, the latent map, and below them an image, directions, walks or downloads."""

from __future__ import annotations

import streamlit as st

from pages.common.errors import show_errors
from pages.common.glossary import glossary_links
from pages.common.latent_code import Z_PARAMETER, current_code, prepare_code
from pages.common.missing_dataset import ask_for_dataset
from pages.common.opened_model import MODEL_PARAMETER, OTHERS, OpenedModel, choices, open_model
from pages.common.query_params import report_missing
from pages.generate.directions import directions, probe_panel
from pages.generate.download import download_buttons
from pages.generate.explore import explore
from pages.generate.image import image_results, posterior_of, single_image
from pages.generate.walks import walks
from vae_core.errors import NameInvalid, RunNotFound
from vae_core.registry.model_rows import MODELS
from vae_core.storage.states import State

VIEWS = ("An image", "Directions", "Walks", "Take away")


def body() -> None:
    """Draws the page below its title."""
    with show_errors():
        _draw(_choose())


def _choose() -> OpenedModel:
    """Draws the choice of a model and opens it: the one named in the URL, or the first."""
    names = choices()
    wanted = st.query_params.get(MODEL_PARAMETER)
    if wanted is not None and wanted not in names and not wanted.startswith(OTHERS):  # it may have just been created
        choices.clear()
        names = choices()
    with st.sidebar:
        if wanted is not None and wanted not in names:
            names = _with(wanted, names)
        options = list(names)
        chosen = st.selectbox(
            "Model",
            options,
            index=options.index(wanted) if wanted in options else 0,
            format_func=lambda run_id: names[run_id],
            help="The shipped examples, then your own finished runs.",
        )
    if chosen != st.query_params.get(MODEL_PARAMETER):
        if wanted is not None and Z_PARAMETER in st.query_params:
            del st.query_params[Z_PARAMETER]  # it belongs to the previous model
        st.query_params[MODEL_PARAMETER] = chosen
    return open_model(chosen)


def _with(wanted: str, names: dict[str, str]) -> dict[str, str]:
    """Returns the choices with the model named in the URL added; if it cannot be opened, shows why."""
    with show_errors():
        try:
            return {**names, wanted: open_model(wanted).run.name}
        except (NameInvalid, RunNotFound):
            report_missing(MODEL_PARAMETER, "model", names, next(iter(names.values())))
    return names


def _draw(model: OpenedModel) -> None:
    with st.sidebar:
        _about(model)
    ask_for_dataset(model.run, "generate")
    top = st.container()
    report_missing("view", "view", VIEWS, VIEWS[0])
    view = st.segmented_control(
        "Below the map",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    image = single_image(model) if view == "An image" else None
    posterior = None if image is None else posterior_of(model, image)
    with top:
        explore(model, posterior)
    with show_errors():
        prepare_code(model)
    if image is not None and posterior is not None:
        image_results(model, image, *posterior)
    elif view == "Directions":
        directions(model, current_code(model))
        probe_panel(model)
    elif view == "Walks":
        walks(model, current_code(model))
    elif view == "Take away":
        download_buttons(model)


def _about(model: OpenedModel) -> None:
    config = model.run.config
    active = int((~model.inactive).sum())
    st.caption(
        f"{MODELS[config.model.model].short}, {config.model.architecture}, {model.latent} latents ({active} active); "
        f"trained on {config.data.dataset} for {config.training.epochs} epochs."
    )
    if model.run.status().state is State.DIVERGED:
        st.caption(f"Its training diverged. These are the weights of step {model.trained.step:,}.")
    glossary_links("Latent", "Active unit", *(("Posterior", "Prior") if model.is_vae else ("Autoencoder (AE)",)))
    if model.note:
        st.caption(model.note)
    if model.decoder is None:
        st.caption("This decoder is too large for the browser, so the map decodes on the server after a click.")
