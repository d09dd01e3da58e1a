"""The lessons, a row each: what is said, asked and answered. What is touched stands in the module of the lesson's name.

Numbers in braces are filled in by that module, from figures that `vae_core` computed; none is typed in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Link:
    """A door to another page in the state that the lesson is in."""

    page: str
    label: str
    query: dict[str, str]


@dataclass(frozen=True)
class Shown:
    """What a lesson's drawing gives back: its doors, and the numbers that its answer needs."""

    links: tuple[Link, ...] = ()
    numbers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """One screen.

    Attributes:
        id: in the address, and the module's name.
        title: of the screen.
        text: a few sentences, Markdown.
        formula: LaTeX; symbols as in the code.
        question: what to try.
        answer: what one should see; `{name}` stands for one of the module's numbers.
        source: where the idea is from.
        numbers: what its numbers are computed from.
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
        text="An **autoencoder** copies an image to itself through a narrow middle. The encoder $f$ writes the image $x$ "
        "as $L$ numbers, its *code*; each of them is a *latent*. The decoder $g$ draws the copy $\\hat x$ from these "
        "alone, and training makes the difference $d$ small. What does not fit through is lost. **PCA** (principal component "
        "analysis) has the smallest squared error of all codes whose encoder and decoder are linear.",
        formula=r"\hat x = g(f(x)), \qquad f: \mathbb{R}^{784} \to \mathbb{R}^{L}, \qquad \min_{f,\,g}\; d(x, \hat "
        r"x)",
        question="Move *Latents* up. From how many on do you recognise the digit? And from how many on the handwriting? "
        "Is the autoencoder ahead of PCA at every number of latents?",
        answer="With 1 or 2 latents one gets an average digit, and often not even the right one. More latents bring back "
        "slant, then thickness, then single strokes. With 2 latents the autoencoder's mean squared error per pixel is "
        "{ae_two} and PCA's is {pca_two}; with 8 they are {ae_eight} and {pca_eight}: a curved surface comes nearer to "
        "the images than a flat one of as many dimensions. With 32 they are {ae_last} and {pca_last}: what is still "
        "missing is fine detail, and neither code knows which detail matters to you.",
        source="Hinton & Salakhutdinov 2006, *Reducing the Dimensionality of Data with Neural Networks*.",
    ),
    Lesson(
        id="loss",
        title="Reading the loss",
        text="A loss says little until one knows its two ends. The **floor** is the loss of a perfect copy; with "
        "cross-entropy on grey pixels it is not 0. The **collapse line** is the loss of drawing the mean image whatever "
        "comes in: a code that carries nothing. $\\ell$ is the loss of one pixel in *nats*, the unit of the natural "
        "logarithm; an image's loss is the *sum* over its pixels. Their mean is the same curve on another scale, until a "
        "VAE adds the price of its code, β KL (lessons 5 and 6).",
        formula=r"\underbrace{\sum_{i=1}^{784} \ell(x_i, \hat x_i)}_{\text{nats per image}} + "
        r"\beta\,\mathrm{KL}\qquad\text{but}\qquad \frac{1}{784}\sum_i \ell(x_i, \hat x_i) + \mathrm{KL} \;\propto\; "
        r"\sum_i \ell(x_i, \hat x_i) + 784\,\mathrm{KL}",
        question="Move *Mix* from the mean image to a perfect copy. Where does cross-entropy end, and where half the "
        "squared error? Then switch to the mean over pixels and leave β as it is written: what is β now, and does the "
        "code still carry anything?",
        answer="Cross-entropy falls from the collapse line to this image's floor, {image_floor} nats, and stops there; "
        "half the squared error goes to 0. Over all test images the floor is {floor} and the collapse line {collapse} "
        "nats; the shipped VAE stands at {reconstruction} with a KL of {kl}. If the pixels are averaged and the KL is "
        "not, a β that is written as 1 is really {pixels}. A linear model of these images carries nothing beyond "
        "{collapse_beta}, so the code collapses and every picture is the mean image.",
        source="Kingma & Welling 2014, *Auto-Encoding Variational Bayes*, eq. 10; Higgins et al. 2017, *beta-VAE* "
        "(the normalised β).",
    ),
    Lesson(
        id="holes",
        title="Holes",
        text="Nothing tells an autoencoder what lies *between* its codes, so its latent space has holes: places that "
        "decode to no digit. A **VAE** (variational autoencoder) gives each image a small cloud of codes, $q(z \\mid x)$, "
        "and pays for the distance of each cloud from one common **prior** $p(z) = N(0, I)$, the KL (lessons 4 and 5). So "
        "codes move together and use the space between them. $D$ is the reconstruction loss. Both maps below are "
        "of the same network on the same images.",
        formula=r"\text{AE: } \min D \qquad \text{VAE: } \min D + \mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad z "
        r"\sim p(z) \;\Rightarrow\; \hat x = g(z)",
        question="Move the pointer over both maps. Where does the picture stop being a digit? Compare the numbers on the "
        "axes, and the random draws.",
        answer="The AE's codes spread over tens of units, with empty bays; the VAE's fill the prior's circles. Yet on a "
        "plane their random draws do not differ: {draws} decoded draws are on average {ae_draws} from the nearest real "
        "image for the AE (root mean square per pixel, ± standard error) and {vae_draws} for the VAE. Decoded codes of "
        "real images are {ae_kept} and {vae_kept} away. With more latents there is more room for holes. In two networks "
        "of {latents} latents, alike but for the KL, the AE's draws are {ae_wide_draws} away (its codes {ae_wide_kept}) and "
        "the VAE's {vae_wide_draws} (its codes {vae_wide_kept}). Neighbours share a label no less in the AE on the plane "
        "({ae_label}) than in the VAE ({vae_label}): holes are about what lies between, not about order.",
        source="Kingma & Welling 2014, sec. 2.3. An AE has no prior: its draws come from a Gaussian with the mean and the "
        "covariance of its codes.",
    ),
    Lesson(
        id="reparameterisation",
        title="The reparameterisation",
        text="A VAE's encoder gives each image not one code but a **posterior** $q(z \\mid x)$: in each dimension a "
        "normal distribution with a mean $\\mu$ and a variance $\\sigma^2$. A code $z$ is *drawn* from it, and there is "
        "no gradient through a random draw. So $\\varepsilon$ is drawn first, from $N(0, I)$, then scaled by $\\sigma$ "
        "and shifted by $\\mu$, in each dimension by itself ($\\odot$): through these two the gradient flows. The network "
        "gives $\\ln\\sigma^2$ in place of $\\sigma^2$, since every number is a valid logarithm.",
        formula=r"z = \mu + \sigma \odot \varepsilon, \quad \varepsilon \sim N(0, I), \quad \sigma = e^{\frac12 "
        r"\ln\sigma^2} \qquad \frac{\partial z}{\partial \mu} = 1, \quad \frac{\partial z}{\partial \ln\sigma^2} = "
        r"\tfrac12\,\sigma\,\varepsilon",
        question="Press *Draw ε again* some times: how far does the picture change? Then add 2 to the log-variance, then "
        "4: which digits do the twelve draws show now?",
        answer="At the encoder's own variance all draws look like the same digit: for this image σ is {sigma}, and the "
        "ellipse on the map is hardly wider than the mark in it. Adding 2 to the log-variance makes σ larger by a factor "
        "of {factor}; soon the ellipse covers the codes of other images and draws turn into other digits. Reconstruction "
        "asks for a small variance and the KL (next lesson) for one near 1: the encoder's own is where the two balance.",
        source="Kingma & Welling 2014, sec. 2.4; Rezende, Mohamed & Wierstra 2014, *Stochastic Backpropagation*.",
    ),
    Lesson(
        id="kl",
        title="The KL surface",
        text="Each dimension of a VAE's code has a price: the **KL divergence** of its posterior $N(\\mu, \\sigma^2)$ "
        "from the prior $N(0, 1)$, in nats. Over the variance (across) and the mean (upwards, as seen from above) it is a "
        "bowl: flat at its bottom, and steep towards variance 0, where the code would be a single point.",
        formula=r"\mathrm{KL}\big(N(\mu, \sigma^2)\,\|\,N(0, 1)\big) = \tfrac12\left(\mu^2 + \sigma^2 - 1 - \ln "
        r"\sigma^2\right)",
        question="Find the bottom. What does a mean of 1 cost at variance 1? What do the variances 0.1 and 3 cost at mean "
        "0? Why is the bowl not symmetric about variance 1?",
        answer="The bottom is 0, at mean 0 and variance 1: the posterior is the prior and the dimension carries nothing. "
        "A mean of 1 costs {mean_one} nats. A variance of 0.1 costs {narrow} and one of 3 costs {wide}: towards variance "
        "0 the logarithm makes certainty dearer without end, while vagueness costs only in proportion. β multiplies the "
        "whole bowl, so a larger β makes each nat of information dearer.",
        source="Kingma & Welling 2014, appendix B.",
        numbers="Every number is computed from the formula above.",
    ),
    Lesson(
        id="beta",
        title="Beta",
        text="**β** is the price of a nat of code. Each VAE of this sweep was trained to make distortion + β × rate "
        "small. The **rate** $R$ is the KL, the most that the code can say about an image; the **distortion** $D$ is what is "
        "still lost of it. Together they draw the **rate-distortion curve**. Along a thin line $D + R$ is the same: the "
        "negative ELBO (evidence lower bound), a plain VAE's loss. Nothing gets below the floor; a code that says nothing "
        "stands at the cross.",
        formula=r"\min\; D + \beta R, \qquad R = \mathbb{E}\,\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad D = "
        r"-\mathbb{E} \ln p(x \mid z), \qquad \frac{\mathrm{d}D}{\mathrm{d}R} = -\beta",
        question="Drag the point from the smallest β to the largest. When do reconstructions stop being *this* digit and "
        "become *a* digit? Which bars of the KL vanish? At which β are the random draws best, and are the reconstructions "
        "best there too?",
        answer="{caption} (Means over the seeds; the bars are of the first.) First fine detail goes, then the writer's "
        "hand, then the class itself. The dashed line joins all places that are as good in this β's own objective: it has "
        "slope −β and touches the curve where the model stands. The measured slopes are {slopes}: at the "
        "optimum each lies between its two β. The lowest negative ELBO is at β = {first}, {first_elbo} nats against "
        "{last_elbo} at β = {last}, since β = 1 is what the ELBO asks for; a larger β buys a smoother, sparser code and "
        "pays with the picture.",
        source="Higgins et al. 2017, *beta-VAE*; Alemi et al. 2018, *Fixing a Broken ELBO*, sec. 3.",
    ),
    Lesson(
        id="collapse",
        title="Collapse",
        text="When is a dimension of the code worth its price? For a *linear* VAE with a Gaussian likelihood the answer "
        "is known. $\\lambda_j$ is the variance of the data along the direction $u_j$ (eigenvalue and eigenvector of the "
        "covariance, as in PCA), and $\\sigma^2$ the variance that the likelihood allows a pixel. The dimension is kept "
        "only while $\\lambda_j > \\beta \\sigma^2$; else its posterior is the prior: **posterior collapse**. Dots are "
        "linear VAEs that were trained by gradient descent; the line is predicted from the eigenvalues alone.",
        formula=r"\mathrm{KL}_j = \tfrac12 \max\left(0,\; \ln \frac{\lambda_j}{\beta \sigma^2}\right), \qquad \hat "
        r"x = \bar x + \sum_{\lambda_j > \beta\sigma^2} \left(1 - \frac{\beta\sigma^2}{\lambda_j}\right) u_j "
        r"u_j^\top (x - \bar x)",
        question="Move β up. Which dimension dies first? What is left of the reconstruction when the last one is dead?",
        answer="Dimensions die one by one, the smallest eigenvalue first, and just before that they carry next to "
        "nothing. Beyond β = {last_gaussian} none is left and every picture is the mean image. The trained models "
        "agree with the line: {worst} nats is the largest difference of a whole KL. The dots count active units (variance "
        "of the posterior mean above 0.01), and near its threshold a dimension may go either way: at β = {most_beta} there "
        "are {most_kept} where {most_predicted} are predicted, but those beyond the prediction have a KL of {most_nats} "
        "nats at most. With the Bernoulli likelihood the unit of a pixel is another (its variance at "
        "the mean image), so the last threshold is {last_bernoulli}: the same β means different things.",
        source="Lucas et al. 2019, *Don't Blame the ELBO!*, sec. 4; Tipping & Bishop 1999, *Probabilistic PCA*.",
    ),
    Lesson(
        id="compression",
        title="Is it compression?",
        text="An autoencoder is often called compression. Then count the bits: each latent $j$ of a test image $n$ is "
        "rounded to a step $\\Delta_j$ (*quantised*), and what comes out, $k_{nj}$, is written with fewer bits the more "
        "frequent it is, $\\hat p_j$ (*entropy coding*). Beside it stand **PCA** through the same coder, **JPEG** of each "
        "image alone and of all as one mosaic, and **PNG**, which loses nothing. The receiver also needs the decoder, "
        "which weighs something.",
        formula=r"\text{rate} = \frac{-\sum_n \sum_j \log_2 \hat p_j(k_{nj})}{784\,N}, \qquad k_{nj} = "
        r"\operatorname{round}\!\left(\frac{z_{nj} - \bar z_j}{\Delta_j}\right), \qquad \mathrm{PSNR} = -10 "
        r"\log_{10} \mathrm{MSE}",
        question="At which quality is the autoencoder far ahead of JPEG, and where does it end? After how many images has "
        "its decoder paid for itself?",
        answer="At low quality the code is much shorter: with {latents} latents and a step of {step} it takes "
        "{rate} bits a pixel for {psnr} dB, {jpeg}. But no finer step gets it beyond "
        "{ceiling} dB, since what the bottleneck lost is lost; JPEG has {jpeg_top} dB at quality "
        "{jpeg_quality}, the highest tried, and goes on from there; PNG loses nothing at {png} bits a pixel. With coarse "
        "steps PCA is ahead of this code, which was never asked to bear rounding; take fewer latents instead. The decoder "
        "weighs {weight} bytes{pays}. And it only knows digits: see the next lesson.",
        source="Ballé, Laparra & Simoncelli 2017, *End-to-end Optimized Image Compression*; Cover & Thomas 2006, "
        "sec. 5.",
    ),
    Lesson(
        id="known",
        title="Only what it was trained on",
        text="A model of digits has only ever had to draw digits. Give it clothes or noise and it draws something "
        "digit-like, with a large error. So the **reconstruction error** $s$ can serve as a detector: call an image "
        "unknown when its error is above a threshold $t$. The **ROC curve** shows all thresholds at once: across the "
        "share of digits that give a false alarm, upwards the share of unknown images that are found.",
        formula=r"s(x) = \frac{1}{784}\,\lVert x - g(f(x)) \rVert^2, \qquad \text{unknown} \iff s(x) > t",
        question="Set the threshold so that one digit in twenty gives a false alarm. How many unknown images are found? "
        "Then try the other unknown images: on which does the detector fail, and why?",
        answer="Clothes and noise are found at once: the area under the ROC curve is {clothes} and {noise} (1 is "
        "perfect, 0.5 is chance). Digits upside down reach only {upside}: many are digits still. And it fails on "
        "what is *simpler* than the known: faint digits reach {faint} and an empty image {empty}, worse than chance, "
        "since nothing is easier to draw. The error measures difficulty, not novelty.",
        source="Nalisnick et al. 2019, *Do Deep Generative Models Know What They Don't Know?*; Fawcett 2006, *An "
        "introduction to ROC analysis*.",
    ),
    Lesson(
        id="neighbours",
        title="Near in the picture, near in the code?",
        text="Two images are *near* when their difference is small, but the difference of what? In pixels a digit that is "
        "moved a little aside is far from itself. In a code, near means that the decoder draws nearly the same. Here are "
        "the nearest test images of one image: by its pixels, by PCA's code, by an autoencoder's code $f(x)$, and by the mean "
        "$\\mu(x)$ of a VAE's posterior. The three codes are of the same length.",
        formula=r"d_{\text{pixels}} = \lVert x - x' \rVert, \qquad d_{\text{code}} = \lVert f(x) - f(x') \rVert, "
        r"\qquad d_{\text{VAE}} = \lVert \mu(x) - \mu(x') \rVert",
        question="Go through some images: which of the four rows keeps the label most often? Find an image for which the "
        "pixels win.",
        answer="Over all test images the ten nearest share the label for {pixels} in pixels, {pca} in PCA's code of "
        "{latents} numbers, {ae} in the AE's and {vae} in the VAE's. So a code of {latents} numbers keeps about as many "
        "neighbours of the same label as 784 pixels do. But the linear code does as well as the learned ones: it is the "
        "shortness of a code that brings like digits together here, and nobody told any of them about labels.",
        source="Bengio, Courville & Vincent 2013, *Representation Learning*, sec. 3.",
    ),
)
IDS = tuple(lesson.id for lesson in LESSONS)


def find(lesson_id: str | None) -> Lesson:
    """The lesson of an id; the first where there is none of that name."""
    return next((lesson for lesson in LESSONS if lesson.id == lesson_id), LESSONS[0])
