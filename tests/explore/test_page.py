"""The explorable page as a reader has it: in a browser, with mouse, keyboard, or no script.

Slow: every scene at every width and colour; more addresses that mean nothing.
"""

import json
import math
import re
import tomllib
from dataclasses import replace
from functools import cache

import pytest

from repro.explore.bundle import bundle
from repro.explore.page import render, write_page
from repro.explore.scenes import load_scenes
from repro.store.results import read_results
from repro.study.experiments import find_experiment
from repro.study.folder import RESULTS, study_names
from repro.study.schema import Variant, load_study
from tests.explore.committed import committed_runs
from tests.explore.conftest import END

SMALL = ("add_numbers", "truth_table", "relu_at_zero")  # networks that train in a moment
LOOKS = [
    ("mnist_relu", "dark", 360),
    *(
        pytest.param(scene, scheme, width, marks=pytest.mark.slow)
        for scene in load_scenes()
        for scheme, width in (("light", 360), ("dark", 1280))
    ),
]
CIRCLES = """() => {
    const { arc, clearRect } = CanvasRenderingContext2D.prototype;
    let circles = [];
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
        if (this.canvas.id === "dots") circles = [];
        return clearRect.apply(this, where);
    };
    CanvasRenderingContext2D.prototype.arc = function (...circle) {
        if (this.canvas.id === "dots") circles.push(circle.slice(0, 3));
        return arc.apply(this, circle);
    };
    dispatchEvent(new Event("resize"));
    const frame = () => new Promise(requestAnimationFrame);
    return frame().then(frame).then(() => {
        Object.assign(CanvasRenderingContext2D.prototype, { arc, clearRect });
        return circles;
    });
}"""  # drawn in a frame: the dots, and the ring around the one that is followed
PICTURES = """() => {
    const { arc, clearRect } = CanvasRenderingContext2D.prototype;
    globalThis.pictures = [];
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
        if (this.canvas.id === "dots") pictures.push([]);
        return clearRect.apply(this, where);
    };
    CanvasRenderingContext2D.prototype.arc = function (...circle) {
        const { id, clientHeight } = this.canvas;
        if (id === "dots") pictures.at(-1)?.push([...circle.slice(0, 2), clientHeight]);
        return arc.apply(this, circle);
    };
}"""  # the middles of the circles and the picture's height, for each picture from now on


def dots_of(page):
    """Return the left edge of each dot, as a share of the axis."""
    *circles, _ = page.evaluate(CIRCLES)
    width = page.locator("#dots").bounding_box()["width"] - 28
    return [(x - radius - 14) / width for x, _, radius in circles]


def values_of(page):
    return page.evaluate("() => document.querySelector('#status').textContent")


@cache
def committed(name):
    return read_results(RESULTS.resolve() / name)


@pytest.mark.long
def test_it_is_the_committed_page(path):
    results = [(load_study(name), committed(name)) for name in study_names()]
    assert render(results) == path.read_text(encoding="utf-8")


def test_it_loads_nothing_and_says_nothing(open_page):
    page = open_page("#scene=mnist_relu&seeds=10")
    page.wait_for_function("() => document.querySelector('#tell-alive').textContent !== ''")
    assert page.said == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in page.asked if url.startswith("file:")]) == 1


@pytest.mark.long
def test_its_networks_are_those_of_the_study(open_page):
    page = open_page("#scene=add_numbers&seeds=20")
    page.wait_for_function(END)
    runs = committed_runs("add_numbers")
    runs = runs[(runs.variant == "relu_posted") & (runs.seed < 20)]
    born = int(runs.born_dead.sum())
    assert values_of(page).startswith(
        f"{int(runs.learned.sum())} of 20 networks have learned to add. {born} were born dead"
    )
    assert "relu_posted" in page.locator("#study").inner_text()


@pytest.mark.long
def test_no_dot_passes_the_floor_until_the_bias_is_on(open_page):
    fragment = "#scene=truth_table&seeds=20&output_activation=linear&backpropagation=true"
    page = open_page(fragment + "&learning_rate=0.1&iterations=10000")
    page.wait_for_function(END)
    assert values_of(page).startswith("0 of 20 networks have learned the table")
    floor = 1 - math.log10(6) / 4  # of an axis from 1e-4 to 1
    assert len(dots_of(page)) == 20
    assert min(dots_of(page)) >= floor
    page.get_by_label("Biases").check()
    runs = committed_runs("truth_table")
    runs = runs[(runs.variant == "relu_linear_output_bias_rate_0_1") & (runs.seed < 20)]
    said = f"{int(runs.learned.sum())} of 20 networks have learned the table"
    page.wait_for_function(
        "(said) => document.querySelector('#status').textContent.startsWith(said)", arg=said
    )
    assert min(dots_of(page)) < floor


def test_the_derivative_at_zero_slides_between_those_of_the_study(open_page):
    page = open_page("#scene=relu_at_zero&seeds=20")
    page.get_by_role("button", name="Derivative at 0: 1/2").click()
    assert page.evaluate("location.hash").endswith("at_zero=half&seeds=20")
    assert 'at_zero="half"' in page.locator("#python").text_content()
    page.locator("#set-at_zero").focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("location.hash").endswith("at_zero=0.49&seeds=20")
    assert "DERIVATIVE[0.49] = 0.49" in page.locator("#python").text_content()
    assert page.locator("#command").text_content().startswith("#")
    assert tomllib.loads(page.locator("#toml").text_content()) == {}


def test_first_dots_need_no_worker(open_page):
    """Workers take long to start; here they never do."""
    page = open_page(before="globalThis.Worker = class extends EventTarget { postMessage() {} };")
    page.wait_for_function(
        "() => / networks have/.test(document.querySelector('#told').textContent)"
    )
    assert dots_of(page)
    assert page.said == []


@pytest.mark.long
def test_every_setting_has_an_address(open_page):
    page = open_page()
    page.get_by_label("Output activation").select_option("linear")
    page.locator("#set-learning_rate").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("spinbutton", name="Follow seed").fill("7")
    page.keyboard.press("Enter")
    fragment = page.evaluate("location.hash")
    assert fragment == "#scene=add_numbers&output_activation=linear&learning_rate=0.03&seed=7"
    again = open_page(fragment)
    assert again.get_by_label("Output activation").input_value() == "linear"
    assert again.locator("#seed").input_value() == "7"
    assert again.locator("#set-learning_rate").get_attribute("aria-valuetext") == "0.03"


@pytest.mark.long
@pytest.mark.parametrize(
    "fragment",
    [
        "#scene=__proto__",
        "#%",
        *(
            pytest.param(wrong, marks=pytest.mark.slow)
            for wrong in ("#scene=x&seed=-1", "#seeds=1e9")
        ),
    ],
)
def test_an_address_that_means_nothing_is_the_first_scene(open_page, fragment):
    page = open_page(fragment)
    page.wait_for_function(
        "() => /networks have/.test(document.querySelector('#told').textContent)"
    )
    assert page.evaluate("location.hash") == "#scene=add_numbers"
    assert page.said == []


@pytest.mark.long
def test_the_arrow_keys_follow_the_next_seed(open_page):
    page = open_page()
    page.locator("#dots").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#seed").input_value() == "2"
    runs = committed_runs("add_numbers")
    row = runs[(runs.variant == "relu_posted") & (runs.seed == 2)].iloc[0]
    shown = page.locator("#row div", has_text="mse").locator("dd").text_content()
    assert float(shown) == pytest.approx(row.mse, rel=1e-5)


def test_pointing_at_a_dot_follows_its_seed(open_page):
    page = open_page("#scene=add_numbers&seeds=20", has_touch=True)
    page.wait_for_function(END)
    box = page.locator("#dots").bounding_box()
    page.locator("#dots").tap(position={"x": 19, "y": box["height"] - 46})  # the best, at the left
    runs = committed_runs("add_numbers")
    runs = runs[(runs.variant == "relu_posted") & (runs.seed < 20) & (runs.mse < 1e-7)]
    assert int(page.locator("#seed").input_value()) in set(runs.seed)


def test_a_moved_slider_never_empties_the_picture(open_page):
    """The dots go on from where they were."""
    page = open_page("#scene=add_numbers&seeds=20", reduced_motion="no-preference")
    page.wait_for_function(END)
    page.evaluate(PICTURES)
    page.locator("#set-momentum").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(END)
    pictures = page.evaluate("() => globalThis.pictures")
    assert len(pictures) > 1
    assert min(len(circles) for circles in pictures[:-1]) > 0
    first = min(circle[1] for circle in pictures[0])
    top = 44  # where a dot falls from that is new
    assert first > top + 20


def test_networks_train_while_a_slider_is_dragged(open_page):
    page = open_page("#scene=add_numbers&seeds=20")
    page.wait_for_function(END)
    box = page.locator("#set-learning_rate").bounding_box()
    end, middle = box["x"] + box["width"] - 4, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(end, middle, steps=9)
    assert "learning_rate=1," in page.locator("#python").text_content()
    page.wait_for_function(END)
    assert page.evaluate("location.hash") == "#scene=add_numbers&seeds=20"
    page.mouse.up()
    assert page.evaluate("location.hash") == "#scene=add_numbers&learning_rate=1&seeds=20"


@pytest.mark.parametrize("control", ["hidden_activation", "seeds"])
def test_on_a_phone_the_picture_is_seen_beside_each_control(open_page, control):
    page = open_page("#scene=add_numbers&seeds=20", viewport={"width": 360, "height": 640})
    page.locator(f"#set-{control}").focus()
    picture = page.locator("#dots").bounding_box()
    box = page.locator(f"#set-{control}").bounding_box()
    assert picture["y"] >= 0
    assert picture["y"] + picture["height"] <= box["y"]
    assert box["y"] + box["height"] <= 640


def test_a_followed_seed_beyond_the_others_is_not_counted(open_page):
    page = open_page("#scene=add_numbers&seeds=20&seed=123456")
    page.wait_for_function(END)
    assert " of 20 networks" in values_of(page)
    assert " of 20 networks" in page.locator("#told").text_content()


def test_on_paper_the_dots_are_in_their_places(open_page):
    page = open_page("#scene=add_numbers&seeds=20", reduced_motion="no-preference")
    page.wait_for_function(END)
    page.evaluate(PICTURES)
    page.pdf()
    circles = page.evaluate("() => globalThis.pictures.flat()")
    assert len({height for *_, height in circles}) > 1  # a sheet is narrower than the screen
    axis = 42  # above the picture's lower end
    assert all(y < height - axis for _, y, height in circles)


def test_the_link_to_the_controls_keeps_the_state(open_page):
    page = open_page("#scene=relu_at_zero&seeds=20")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash === '#scene=relu_at_zero&seeds=20'")
    assert page.locator("#set-precision").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "set-at_zero"


def test_a_cell_of_the_sweep_sets_both_sliders(open_page):
    page = open_page("#scene=mnist_relu&seeds=10")
    page.get_by_role("button", name="Factor on the pixels 1/255, Learning rate 0.1").click()
    assert "input_scale=0.00392" in page.evaluate("location.hash")
    assert page.locator("#set-input_scale").get_attribute("aria-valuetext") == "1/255"
    assert page.locator("#set-learning_rate").get_attribute("aria-valuetext") == "0.1"


STATES = [
    "#scene=add_numbers&output_activation=linear&momentum=0.9",
    "#scene=mnist_relu&input_scale=0.00392156862745098&first_layer_rate=65025",
    "#scene=truth_table&bias=true&backpropagation=true&learning_rate=0.1",
    "#scene=relu_at_zero&inputs=integers&precision=float32",
    "#scene=four_layers&output_activation=linear&bias=true",
]


@pytest.mark.slow
@pytest.mark.parametrize("fragment", STATES)
def test_a_state_can_be_taken_to_python_command_and_toml(open_page, fragment):
    page = open_page(fragment)
    name = re.search(r"scene=(\w+)", fragment)[1]
    experiment = find_experiment(name)
    python, command, toml = (
        page.locator(f"#{part}").text_content() for part in ("python", "command", "toml")
    )
    compile(python, "page", "exec")
    variants = tomllib.loads(toml)["variants"]
    (variant,) = (Variant.model_validate(v) for v in variants.values())
    chosen = experiment.parameters(variant.parameters)
    typed = [word.split("=") for word in command.split() if "=" in word]
    assert experiment.parameters({k: experiment.read(k, v) for k, v in typed}) == chosen
    assert f"from repro.{name} import experiment" in python
    for key in variant.parameters:
        assert f"    {key}=" in python


@pytest.mark.long
@pytest.mark.parametrize(("scene", "scheme", "width"), LOOKS)
def test_it_fits_and_axe_finds_no_serious_fault(open_page, scene, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    size = {"width": width, "height": 800}
    page = open_page(f"#scene={scene}", color_scheme=scheme, viewport=size)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    violations = Axe().run(page).response["violations"]
    serious = [v for v in violations if v["impact"] in ("serious", "critical")]
    assert not serious, [(v["id"], v["nodes"][0]["html"][:200]) for v in serious]


def test_without_script_it_shows_the_committed_figures(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("noscript img, main img").count() == len(load_scenes())
    assert not page.locator("#controls").is_visible()
    assert page.get_by_role("link", name="truth table").count() == 0  # its scene needs a script


def test_what_studies_say_is_shown_not_run(tmp_path):
    study = load_study("truth_table")
    wicked = '</script><script>alert("x")</script>'
    study = study.model_copy(update={"question": wicked})
    text = write_page([(study, committed("truth_table"))], tmp_path).read_text()
    assert "<script>alert" not in text
    assert text.count("</script>") == 4


def test_what_was_edited_is_said_on_the_page(tmp_path):
    edited = replace(committed("truth_table"), doubts=("claims.csv: n < 3",))
    text = write_page([(load_study("truth_table"), edited)], tmp_path).read_text()
    assert "edited since they were made" in text
    assert "claims.csv: n &lt; 3" in text


def test_tables_without_a_variant_make_a_page_without_it(tmp_path):
    study = load_study("truth_table")
    variants = {**study.variants, "not_yet_run": study.variants["relu_posted"]}
    study = study.model_copy(update={"variants": variants})
    text = write_page([(study, committed("truth_table"))], tmp_path).read_text()
    variants = json.loads(re.search(r'id="variants-truth_table">(.*?)</script>', text)[1])
    names = [variant["name"] for variant in variants]
    assert "relu_posted" in names
    assert "not_yet_run" not in names


def test_the_bundle_refuses_what_it_does_not_understand(tmp_path):
    (tmp_path / "main.js").write_text('import everything from "./other.js";\n')
    with pytest.raises(ValueError, match="import everything"):
        bundle("main.js", tmp_path)
