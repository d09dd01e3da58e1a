"""The lessons, one row each: text, question and answer. The interactive part is in the module named after the lesson.

That module also fills in the numbers in braces, from figures computed by `vae_core`; none is written here by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """A link to another page, opened in the state of the lesson."""

    page: str
    label: str
    query: dict[str, str]


@dataclass(frozen=True)
class Shown:
    """What drawing a lesson returns: its links, and the numbers for its answer."""

    links: tuple[Link, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """One screen.

    Attributes:
        id: its name in the URL, and that of its module.
        title: of the screen.
        text: a few sentences of Markdown.
        formula: LaTeX, with the symbols used in the code.
        question: what to try.
        answer: what the reader should see; `{name}` is replaced by one of the module's numbers.
        source: where the idea comes from.
        numbers: what the numbers are computed from.
    """

    id: str
    title: str
    text: str
    formula: str
    question: str
    answer: str
    source: str
    numbers: str = "Every number is computed from the shipped models and the bundled test images."


LESSONS = (
    Lesson(
        id="bottleneck",
        title="The bottleneck",
        text="An **autoencoder** copies an image to itself through a narrow middle. The encoder $f$ turns the image "
        "$x$ into $L$ numbers, its *code*; each number is a *latent*. The decoder $g$ draws the copy $\\hat x$ from "
        "the code alone, and training minimises the difference $d$. Whatever does not fit through is lost. **PCA** "
        "(principal component analysis) has the smallest squared error of all codes with a linear encoder and "
        "decoder.",
        formula=r"\hat x = g(f(x)), \qquad f: \mathbb{R}^{784} \to \mathbb{R}^{L}, \qquad \min_{f,\,g}\; d(x, \hat "
        r"x)",
        question="Move *Latents* up. How many do you need to recognise the digit, and how many to recognise the "
        "handwriting? Does the autoencoder beat PCA at every number of latents?",
        answer="With 1 or 2 latents you get an average digit, and often not even the right one. More latents bring "
        "back the slant, then the thickness, then single strokes. With 2 latents the autoencoder's mean squared "
        "error per pixel is {ae_two} and PCA's is {pca_two}; with 8 they are {ae_eight} and {pca_eight}, because a "
        "curved surface gets closer to the images than a flat one of the same dimension. With 32 they are {ae_last} "
        "and {pca_last}: what is still missing is fine detail, and neither code knows which detail matters to you.",
        source="Hinton & Salakhutdinov 2006, *Reducing the Dimensionality of Data with Neural Networks*.",
    ),
    Lesson(
        id="loss",
        title="Reading the loss",
        text="A loss means little until you know its two extremes. The **floor** is the loss of a perfect copy; with "
        "cross-entropy on grey pixels it is not 0. The **collapse line** is the loss of always drawing the mean "
        "image, with a code that carries no information. $\\ell$ is the loss of one pixel in *nats*, the unit of the "
        "natural logarithm; the loss of an image is the *sum* over its pixels. Their mean gives the same curve on "
        "another scale, until a VAE adds the cost of its code, β KL (lessons 5 and 6).",
        formula=r"\underbrace{\sum_{i=1}^{784} \ell(x_i, \hat x_i)}_{\text{nats per image}} + "
        r"\beta\,\mathrm{KL}\qquad\text{but}\qquad \frac{1}{784}\sum_i \ell(x_i, \hat x_i) + \mathrm{KL} \;\propto\; "
        r"\sum_i \ell(x_i, \hat x_i) + 784\,\mathrm{KL}",
        question="Move *Mix* from the mean image to a perfect copy. Where does cross-entropy end, and where does "
        "half the squared error? Then switch to the mean over pixels without changing the β written: what is β now, "
        "and does the code still carry information?",
        answer="Cross-entropy falls from the collapse line to this image's floor, {image_floor} nats, and stops "
        "there; half the squared error goes to 0. Over all test images the floor is {floor} and the collapse line "
        "{collapse} nats; the shipped VAE is at {reconstruction} with a KL of {kl}. If you average over the pixels "
        "but not the KL, a β written as 1 is really {pixels}. A linear model of these images carries no information "
        "beyond {collapse_beta}, so the code collapses and every picture is the mean image.",
        source="Kingma & Welling 2014, *Auto-Encoding Variational Bayes*, eq. 10; Higgins et al. 2017, *beta-VAE* "
        "(the normalised β).",
    ),
    Lesson(
        id="holes",
        title="Holes",
        text="Nothing tells an autoencoder what lies *between* its codes, so its latent space has holes: points that "
        "decode to no digit. A **VAE** (variational autoencoder) gives each image a small cloud of codes, $q(z \\mid "
        "x)$, and pays for the distance of each cloud from one common **prior** $p(z) = N(0, I)$, measured by the KL "
        "(lessons 4 and 5). This pulls the codes together, so that they fill the space between them. $D$ is the "
        "reconstruction loss. Both maps below show the same network, trained on the same images.",
        formula=r"\text{AE: } \min D \qquad \text{VAE: } \min D + \mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad z "
        r"\sim p(z) \;\Rightarrow\; \hat x = g(z)",
        question="Move the pointer over both maps. Where does the picture stop being a digit? Compare the numbers on "
        "the axes, and the random samples.",
        answer="The AE's codes spread over tens of units, with empty regions between them; the VAE's fill the "
        "circles of the prior. Yet with two latents their random samples are no different: {draws} decoded samples "
        "are on average {ae_draws} from the nearest real image for the AE (root mean square per pixel, ± standard "
        "error) and {vae_draws} for the VAE. Decoded codes of real images are {ae_kept} and {vae_kept} away. More "
        "latents leave more room for holes. In two networks of {latents} latents that differ only in the KL, the "
        "AE's samples are {ae_wide_draws} away (its codes {ae_wide_kept}) and the VAE's {vae_wide_draws} (its codes "
        "{vae_wide_kept}). With two latents, neighbours share a label no less often in the AE ({ae_label}) than in "
        "the VAE ({vae_label}): holes are about what lies between codes, not about their order.",
        source="Kingma & Welling 2014, sec. 2.3. An AE has no prior: its samples come from a Gaussian with the mean "
        "and covariance of its codes.",
    ),
    Lesson(
        id="reparameterisation",
        title="The reparameterisation",
        text="A VAE's encoder gives each image not one code but a **posterior** $q(z \\mid x)$: in each dimension, a "
        "normal distribution with mean $\\mu$ and variance $\\sigma^2$. A code $z$ is *sampled* from it, and no "
        "gradient flows through random sampling. The trick is to sample $\\varepsilon$ from $N(0, I)$ first, then "
        "scale it by $\\sigma$ and shift it by $\\mu$, dimension by dimension ($\\odot$): the gradient flows through "
        "these two. The network outputs $\\ln\\sigma^2$ instead of $\\sigma^2$ because any number is a valid "
        "logarithm.",
        formula=r"z = \mu + \sigma \odot \varepsilon, \quad \varepsilon \sim N(0, I), \quad \sigma = e^{\frac12 "
        r"\ln\sigma^2} \qquad \frac{\partial z}{\partial \mu} = 1, \quad \frac{\partial z}{\partial \ln\sigma^2} = "
        r"\tfrac12\,\sigma\,\varepsilon",
        question="Press *Draw ε again* a few times: how much does the picture change? Then add 2 to the "
        "log-variance, then 4: which digits do the twelve samples show now?",
        answer="At the encoder's own variance all samples look like the same digit: for this image σ is {sigma}, and "
        "the ellipse on the map is hardly wider than the mark inside it. Adding 2 to the log-variance multiplies σ "
        "by {factor}; soon the ellipse covers the codes of other images, and samples turn into other digits. The "
        "reconstruction favours a small variance, the KL (next lesson) one near 1; the encoder's own is where the "
        "two balance.",
        source="Kingma & Welling 2014, sec. 2.4; Rezende, Mohamed & Wierstra 2014, *Stochastic Backpropagation*.",
    ),
    Lesson(
        id="kl",
        title="The KL surface",
        text="Each dimension of a VAE's code has a cost: the **KL divergence** of its posterior $N(\\mu, \\sigma^2)$ "
        "from the prior $N(0, 1)$, in nats. Plotted over the variance (horizontal) and the mean (vertical, seen from "
        "above), it is a bowl: flat at the bottom and steep towards variance 0, where the code would be a single "
        "point.",
        formula=r"\mathrm{KL}\big(N(\mu, \sigma^2)\,\|\,N(0, 1)\big) = \tfrac12\left(\mu^2 + \sigma^2 - 1 - \ln "
        r"\sigma^2\right)",
        question="Find the bottom. What does a mean of 1 cost at variance 1? What do the variances 0.1 and 3 cost at "
        "mean 0? Why is the bowl not symmetric about variance 1?",
        answer="The bottom is 0, at mean 0 and variance 1: there the posterior equals the prior and the dimension "
        "carries no information. A mean of 1 costs {mean_one} nats. A variance of 0.1 costs {narrow} and one of 3 "
        "costs {wide}: towards variance 0 the logarithm makes precision ever more expensive without limit, while the "
        "cost of vagueness grows only linearly. β multiplies the whole bowl, so a larger β makes each nat of "
        "information more expensive.",
        source="Kingma & Welling 2014, appendix B.",
        numbers="Every number is computed from the formula above.",
    ),
    Lesson(
        id="beta",
        title="Beta",
        text="**β** is the price of a nat of code. Each VAE of this sweep was trained to minimise distortion + β × "
        "rate. The **rate** $R$ is the KL, the most that the code can say about an image; the **distortion** $D$ is "
        "what is still lost. Together they form the **rate-distortion curve**. Along each thin line $D + R$ is "
        "constant: it is the negative ELBO (evidence lower bound), the loss of a plain VAE. Nothing lies below the "
        "floor; a code without information is at the cross.",
        formula=r"\min\; D + \beta R, \qquad R = \mathbb{E}\,\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad D = "
        r"-\mathbb{E} \ln p(x \mid z), \qquad \frac{\mathrm{d}D}{\mathrm{d}R} = -\beta",
        question="Drag the point from the smallest β to the largest. When do reconstructions stop being *this* digit "
        "and become *a* digit? Which bars of the KL vanish? At which β are the random samples best, and are the "
        "reconstructions best there too?",
        answer="{caption} (Means over the seeds; the bars show the first seed.) Fine detail is lost first, then the "
        "handwriting, then the class itself. The dashed line joins all points with the same value of this β's own "
        "objective: it has slope −β and touches the curve at the model. The measured slopes are {slopes}: at the "
        "optimum each lies between its two values of β. The lowest negative ELBO is at β = {first}, {first_elbo} "
        "nats against {last_elbo} at β = {last}, because β = 1 is what the ELBO prescribes; a larger β gives a "
        "smoother, sparser code at the expense of the picture.",
        source="Higgins et al. 2017, *beta-VAE*; Alemi et al. 2018, *Fixing a Broken ELBO*, sec. 3.",
    ),
    Lesson(
        id="collapse",
        title="Collapse",
        text="When is a dimension of the code worth its cost? For a *linear* VAE with a Gaussian likelihood the "
        "answer is known. Let $\\lambda_j$ be the variance of the data along the direction $u_j$ (eigenvalue and "
        "eigenvector of the covariance, as in PCA), and $\\sigma^2$ the variance of the likelihood for each pixel. "
        "The dimension is kept only while $\\lambda_j > \\beta \\sigma^2$; otherwise its posterior equals the prior: "
        "**posterior collapse**. The dots are linear VAEs trained by gradient descent; the line is predicted from "
        "the eigenvalues alone.",
        formula=r"\mathrm{KL}_j = \tfrac12 \max\left(0,\; \ln \frac{\lambda_j}{\beta \sigma^2}\right), \qquad \hat "
        r"x = \bar x + \sum_{\lambda_j > \beta\sigma^2} \left(1 - \frac{\beta\sigma^2}{\lambda_j}\right) u_j "
        r"u_j^\top (x - \bar x)",
        question="Increase β. Which dimension collapses first? What is left of the reconstruction after the last one "
        "has collapsed?",
        answer="Dimensions collapse one by one, the smallest eigenvalue first, and just before that they carry "
        "almost no information. Beyond β = {last_gaussian} none is left and every picture is the mean image. The "
        "trained models agree with the line: the largest difference in total KL is {worst} nats. The dots count "
        "active units (variance of the posterior mean above 0.01), and near its threshold a dimension may go either "
        "way: at β = {most_beta} there are {most_kept} where {most_predicted} are predicted, but those beyond the "
        "prediction have a KL of at most {most_nats} nats. The Bernoulli likelihood measures a pixel in another unit "
        "(its variance at the mean image), so its last threshold is {last_bernoulli}: the same β means different "
        "things.",
        source="Lucas et al. 2019, *Don't Blame the ELBO!*, sec. 4; Tipping & Bishop 1999, *Probabilistic PCA*.",
    ),
    Lesson(
        id="compression",
        title="Is it compression?",
        text="An autoencoder is often said to compress. So let us count the bits: each latent $j$ of a test image "
        "$n$ is rounded to a multiple of a step $\\Delta_j$ (*quantised*), and the more frequent the result $k_{nj}$ "
        "is, $\\hat p_j$, the fewer bits it takes to write (*entropy coding*). It is compared with **PCA** through "
        "the same coder, with **JPEG** for each image alone and for all as one mosaic, and with **PNG**, which is "
        "lossless. The receiver also needs the decoder, which has a size of its own.",
        formula=r"\text{rate} = \frac{-\sum_n \sum_j \log_2 \hat p_j(k_{nj})}{784\,N}, \qquad k_{nj} = "
        r"\operatorname{round}\!\left(\frac{z_{nj} - \bar z_j}{\Delta_j}\right), \qquad \mathrm{PSNR} = -10 "
        r"\log_{10} \mathrm{MSE}",
        question="At which quality is the autoencoder far ahead of JPEG, and where does it stop improving? After how "
        "many images has its decoder paid for itself?",
        answer="At low quality the code is much shorter: with {latents} latents and a step of {step} it takes {rate} "
        "bits per pixel for {psnr} dB, {jpeg}. But no finer step takes it beyond {ceiling} dB, because what the "
        "bottleneck lost cannot be recovered. JPEG reaches {jpeg_top} dB at quality {jpeg_quality}, the highest "
        "tried, and could go further; PNG is lossless at {png} bits per pixel. With coarse steps PCA is ahead of "
        "this code, which was never trained to withstand rounding; use fewer latents instead. The decoder takes "
        "{weight} bytes{pays}. And it only knows digits: see the next lesson.",
        source="Ballé, Laparra & Simoncelli 2017, *End-to-end Optimized Image Compression*; Cover & Thomas 2006, "
        "sec. 5.",
    ),
    Lesson(
        id="known",
        title="Only what it was trained on",
        text="A model of digits has only ever had to draw digits. Given clothes or noise, it draws something "
        "digit-like with a large error. So the **reconstruction error** $s$ can serve as a detector: an image is "
        "classified as unknown if its error is above a threshold $t$. The **ROC curve** shows all thresholds at "
        "once: horizontally the share of digits that cause a false alarm, vertically the share of unknown images "
        "that are detected.",
        formula=r"s(x) = \frac{1}{784}\,\lVert x - g(f(x)) \rVert^2, \qquad \text{unknown} \iff s(x) > t",
        question="Set the threshold so that one digit in twenty causes a false alarm. How many unknown images are "
        "detected? Then try the other kinds of unknown images: for which does the detector fail, and why?",
        answer="Clothes and noise are easily detected: the area under the ROC curve is {clothes} and {noise} (1 is "
        "perfect, 0.5 is chance). Digits upside down reach only {upside}, because many of them still are digits. And "
        "the detector fails on what is *simpler* than the digits: faint digits reach {faint} and an empty image "
        "{empty}, worse than chance, because nothing is easier to draw. The error measures difficulty, not novelty.",
        source="Nalisnick et al. 2019, *Do Deep Generative Models Know What They Don't Know?*; Fawcett 2006, *An "
        "introduction to ROC analysis*.",
    ),
    Lesson(
        id="neighbours",
        title="Close in pixels, close in the code?",
        text="Two images are *close* if their difference is small, but the difference of what? In pixels, a digit "
        "shifted slightly is far from itself. In a code, close means that the decoder draws almost the same. Shown "
        "here are the nearest test images of an image: by its pixels, by PCA's code, by an autoencoder's code "
        "$f(x)$, and by the mean $\\mu(x)$ of a VAE's posterior. The three codes have the same length.",
        formula=r"d_{\text{pixels}} = \lVert x - x' \rVert, \qquad d_{\text{code}} = \lVert f(x) - f(x') \rVert, "
        r"\qquad d_{\text{VAE}} = \lVert \mu(x) - \mu(x') \rVert",
        question="Try several images: which of the four rows keeps the label most often? Find an image for which the "
        "pixels win.",
        answer="Over all test images, the share of the ten nearest with the same label is {pixels} in pixels, {pca} "
        "in PCA's code of {latents} numbers, {ae} in the AE's and {vae} in the VAE's. So a code of {latents} numbers "
        "keeps about as many neighbours of the same label as 784 pixels do. But the linear code does as well as the "
        "learned ones: here it is the shortness of a code that brings similar digits together, and none of the codes "
        "was trained with labels.",
        source="Bengio, Courville & Vincent 2013, *Representation Learning*, sec. 3.",
    ),
)
IDS = tuple(lesson.id for lesson in LESSONS)


def find(lesson_id: str | None) -> Lesson:
    """Returns the lesson with that id, or the first lesson if there is none."""
    return next((lesson for lesson in LESSONS if lesson.id == lesson_id), LESSONS[0])
